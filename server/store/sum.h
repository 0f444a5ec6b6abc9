/* sum.h - the checksum inside a safetensors file.
 *
 * It covers every byte of the file; its own digits count as zeros.
 *
 * Layer: server/store.  Thread: its owner's. */
#ifndef FW_STORE_SUM_H
#define FW_STORE_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "server/store/safetensors.h"

#define FW_SUM_DIGITS 16
#define FW_SUM_ZERO   "0000000000000000"

/* Where the digits lie in a header (its length field and JSON), or NULL.  JSON
 * escapes quotes, so the key in quotes is a key. */
uint8_t *fw_sum_find(uint8_t *header, size_t n);

/* Write 16 hex digits, without an end. */
void fw_sum_print(uint64_t sum, uint8_t *digits);

#endif
