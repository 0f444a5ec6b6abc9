/* topk.h - the largest few elements of a vector, by place and value.
 *
 * A segment stands for 65,536 elements (the last one of a vector for those that
 * are left): a u32 count, so many u16 places in the segment, rising, and so
 * many f32 values, all little-endian.  What is not named is zero.
 *
 * Who sends decides what is left out (sdk/client/feedback.h keeps it); who
 * gathers does not need to know how many there should be.
 *
 * Layer: sdk/wire.  Thread: any.  Nothing is owned. */
#ifndef FW_WIRE_TOPK_H
#define FW_WIRE_TOPK_H

#include "sdk/wire/tensor.h"

#define FW_TOPK_SEGMENT 65536u /* elements: what 16 bits can name */
#define FW_TOPK_COUNTS  2048u  /* numbers fw_topk_choose works with */

/* Which elements are sent: those above a magnitude, and as many of those that
 * have it as are wanted, the first ones. */
struct fw_topk_cut {
    uint32_t magnitude; /* bits of a float without its sign */
    uint64_t ties_end;  /* elements from here on need to be above it */
};

/* Choose the k largest of n (1 <= k <= n); fewer if fewer are not zero.
 * `counts` has FW_TOPK_COUNTS numbers and is overwritten.  x is finite. */
void fw_topk_choose(const float *x, uint64_t n, uint64_t k, uint64_t *counts,
                    struct fw_topk_cut *cut);

/* Whether element `i` of the vector, whose value is x, is one of them. */
static inline bool fw_topk_has(const struct fw_topk_cut *cut, uint64_t i,
                               float x)
{
    uint32_t bits;

    __builtin_memcpy(&bits, &x, sizeof(bits));
    bits &= 0x7fffffffu;
    return bits > cut->magnitude ||
           (bits == cut->magnitude && i < cut->ties_end && bits != 0);
}

/* Bytes of the elements from `first` to first + n, and the bytes themselves;
 * `x` is the vector, `first` a multiple of FW_TOPK_SEGMENT. */
size_t fw_topk_bytes(const struct fw_topk_cut *cut, const float *x,
                     uint64_t first, size_t n);
void fw_topk_encode(const struct fw_topk_cut *cut, const float *x,
                    uint64_t first, size_t n, uint8_t *to);

/* Those that were sent become zero. */
void fw_topk_clear(const struct fw_topk_cut *cut, float *x, uint64_t n);

/* Decode the segment at the run's beginning to the n elements it stands for;
 * *used is its length in bytes.  CHUNK_INVALID: cut short, places that are not
 * rising or lie behind the end; `to` is then undefined. */
FW_MUST_USE fw_status fw_topk_gather(const struct fw_run *run, float *to,
                                     size_t n, size_t *used,
                                     struct fw_gather_check *check,
                                     struct fw_err *err);

#endif
