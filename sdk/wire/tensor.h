/* tensor.h - floats on the wire: dtypes, and gathering with checks.
 *
 * Layer: sdk/wire.  Thread: any.  Nothing is owned. */
#ifndef FW_WIRE_TENSOR_H
#define FW_WIRE_TENSOR_H

#include "sdk/wire/chunk.h"

/* Bytes an element takes on the wire; 0 for a dtype that is not known. */
size_t fw_dtype_bytes(enum fw_dtype dtype);

/* "f32", "bf16" */
const char *fw_dtype_name(enum fw_dtype dtype);
FW_MUST_USE fw_status fw_dtype_parse(const char *text, enum fw_dtype *dtype,
                                     struct fw_err *err);

/* n floats to n wire elements at `to` (round to nearest even; NaN stays NaN).
 */
void fw_tensor_encode(enum fw_dtype dtype, const float *from, size_t n,
                      void *to);

/* n wire elements to floats; exact. */
void fw_tensor_decode(enum fw_dtype dtype, const void *from, size_t n,
                      float *to);

/* What was seen while gathering; zero before the first chunk. */
struct fw_gather_check {
    double square_norm; /* sum of squares so far */
    bool non_finite;    /* a NaN or an infinity went by */
};

/* Decode a run of wire elements to `to` and check them in the same pass.  An
 * element may lie across two spans.  CHUNK_INVALID if the run is not a whole
 * number of elements or more than `room`; *n is the number decoded. */
FW_MUST_USE fw_status fw_tensor_gather(enum fw_dtype dtype,
                                       const struct fw_run *run, float *to,
                                       size_t room, size_t *n,
                                       struct fw_gather_check *check,
                                       struct fw_err *err);

#endif
