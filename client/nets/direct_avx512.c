/* direct_avx512.c - direct convolutions with 32 registers of 64 bytes. */
#ifdef __x86_64__
#pragma GCC target("avx512f,avx2,fma,prefer-vector-width=512")

#include "client/nets/direct.h"

typedef fw_real vec __attribute__((vector_size(64)));

/* 16 sums, 8 points, 2 weights; 12 sums where the points have one vector of
 * channels each; all 25 sums of a window. */
enum {
    POINTS = 8,
    POINTS_ALONE = 12,
    PARTS = 2,
    LINES = 5,
};

#include "client/nets/direct_body.h"

const struct fw_direct fw_direct_avx512 = {forward, weights, inputs};
#endif
