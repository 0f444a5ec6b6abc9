/* direct_base.c - direct convolutions with the vectors every machine has. */
#include "client/nets/direct.h"

/* 16 bytes: SSE2 or NEON. */
typedef fw_real vec __attribute__((vector_size(16)));

/* 8 sums, 4 points, 2 weights of 16 registers. */
enum {
    POINTS = 4,
    POINTS_ALONE = 4,
    PARTS = 2,
    LINES = 1,
};

#include "client/nets/direct_body.h"

const struct fw_direct fw_direct_base = {forward, weights, inputs};
