/* tensor.h - floats on the wire: dtypes, and gathering with checks.
 *
 * Layer: sdk/wire.  Thread: any.  Nothing is owned. */
#ifndef FW_WIRE_TENSOR_H
#define FW_WIRE_TENSOR_H

#include "sdk/wire/chunk.h"

#define FW_TOPK_SHARE 0.01 /* of the elements, unless told otherwise */

/* Bytes an element takes on the wire; 0 for a dtype that is not known or whose
 * elements do not travel one by one. */
size_t fw_dtype_bytes(enum fw_dtype dtype);

bool fw_dtype_known(enum fw_dtype dtype);

/* How parameters travel to a worker whose gradients travel as `dtype`: what is
 * too coarse for parameters is bf16 for them. */
enum fw_dtype fw_dtype_down(enum fw_dtype dtype);

/* Elements that travel together: chunks begin at multiples of it. */
uint32_t fw_dtype_unit(enum fw_dtype dtype);

/* "f32", "bf16", "int8", "topk" */
const char *fw_dtype_name(enum fw_dtype dtype);

#define FW_WIRE_RULE "f32, bf16, int8 or topk[:SHARE]"

/* FW_WIRE_RULE; `share` of the elements (FW_TOPK_SHARE) is what top-k sends. */
FW_MUST_USE fw_status fw_dtype_parse(const char *text, enum fw_dtype *dtype,
                                     double *share, struct fw_err *err);

/* Bytes of n elements that begin at a unit, and the other way round: false for
 * a length that no number of elements has.  Not for top-k (topk.h). */
size_t fw_tensor_bytes(enum fw_dtype dtype, size_t n);
bool fw_tensor_elements(enum fw_dtype dtype, size_t bytes, size_t *n);

/* n floats to wire elements at `to`, fw_tensor_bytes() of them (round to
 * nearest even; NaN stays NaN).  Not for top-k. */
void fw_tensor_encode(enum fw_dtype dtype, const float *from, size_t n,
                      void *to);

/* n wire elements to floats; exact.  Not for top-k. */
void fw_tensor_decode(enum fw_dtype dtype, const void *from, size_t n,
                      float *to);

/* What was seen while gathering; zero before the first chunk. */
struct fw_gather_check {
    double square_norm; /* sum of squares so far */
    bool non_finite;    /* a NaN or an infinity went by */
};

/* Take n floats that are where they belong into account. */
void fw_tensor_check(const float *x, size_t n, struct fw_gather_check *check);

/* Decode a run of wire elements to `to` and check them in the same pass.  An
 * element may lie across two spans.  Not for top-k.  CHUNK_INVALID if the run
 * is not a whole number of elements or more than `room`; *n is the number
 * decoded. */
FW_MUST_USE fw_status fw_tensor_gather(enum fw_dtype dtype,
                                       const struct fw_run *run, float *to,
                                       size_t room, size_t *n,
                                       struct fw_gather_check *check,
                                       struct fw_err *err);

#endif
