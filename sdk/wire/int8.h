/* int8.h - blocks of 256 floats as one scale and 256 small whole numbers.
 *
 * A block is a little-endian f32 scale, then one signed byte an element; the
 * float is their product.  The scale is the largest magnitude over 127, so
 * that no element is off by more than half the scale: 1/254 of the largest.
 * The last block of a vector has as many bytes as there are elements left.
 *
 * A block with a NaN or an infinity has a scale that is NaN, which whoever
 * gathers it sees.  Numbers too small for a scale (1e-36) travel as zeros.
 *
 * Layer: sdk/wire.  Thread: any.  Nothing is owned. */
#ifndef FW_WIRE_INT8_H
#define FW_WIRE_INT8_H

#include "sdk/wire/tensor.h"

#define FW_INT8_BLOCK 256u /* elements */

/* Bytes of n elements that begin at a block. */
size_t fw_int8_bytes(size_t n);

/* The other way round; false for a length that no number of elements has. */
bool fw_int8_elements(size_t bytes, size_t *n);

/* fw_int8_bytes(n) bytes at `to`. */
void fw_int8_encode(const float *from, size_t n, uint8_t *to);
void fw_int8_decode(const uint8_t *from, size_t n, float *to);

/* Decode and check n elements, all that the run holds. */
void fw_int8_gather(const struct fw_run *run, float *to, size_t n,
                    struct fw_gather_check *check);

#endif
