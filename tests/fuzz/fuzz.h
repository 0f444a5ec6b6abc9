/* fuzz.h - what the fuzz targets share.
 *
 * A target is one fuzz_NAME.c.  With clang's libFuzzer (preset `fuzz`) it looks
 * for inputs of its own; with replay.c it runs the corpus, as an ordinary test.
 *
 * Layer: tests.  Thread: the fuzzer's. */
#ifndef FW_TESTS_FUZZ_H
#define FW_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_MAX (1u << 16) /* bytes; a longer one is not tried */

/* libFuzzer's name; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* End the program loudly, naming `claim`, unless it holds. */
void fuzz_check(bool holds, const char *claim);

/* The path of a file that holds `data`; the same path, and the file that was
 * there is overwritten, at every call. */
const char *fuzz_file(const uint8_t *data, size_t n);

#endif
