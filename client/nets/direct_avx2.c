/* direct_avx2.c - direct convolutions with 16 registers of 32 bytes. */
#ifdef __x86_64__
#pragma GCC target("avx2,fma")

#include "client/nets/direct.h"

typedef fw_real vec __attribute__((vector_size(32)));

/* 8 sums, 4 points, 2 weights. */
enum {
    POINTS = 4,
    POINTS_ALONE = 4,
    PARTS = 2,
    LINES = 1,
};

#include "client/nets/direct_body.h"

const struct fw_direct fw_direct_avx2 = {forward, weights, inputs};
#endif
