#include "sdk/wire/int8.h"

#include <math.h>
#include <string.h>

#include "sdk/wire/spans.h"
#include "sdk/wire/wide.h"

#define SCALE_BYTES sizeof(float)
#define BLOCK_BYTES (SCALE_BYTES + FW_INT8_BLOCK)
#define LARGEST     127.0f
#define MAGNITUDE   0x7fffffffu /* all but the sign */
#define EXPONENT    0x7f800000u /* all set: an infinity or a NaN */

/* Added to a float below 2^22 it leaves the nearest whole number, ties to
 * even, in the lowest bits. */
#define ROUNDER 12582912.0f /* 1.5 * 2^23 */

size_t fw_int8_bytes(size_t n)
{
    return n + (n + FW_INT8_BLOCK - 1) / FW_INT8_BLOCK * SCALE_BYTES;
}

bool fw_int8_elements(size_t bytes, size_t *n)
{
    size_t rest = bytes % BLOCK_BYTES;

    *n = bytes / BLOCK_BYTES * FW_INT8_BLOCK;
    if (rest)
        *n += rest - SCALE_BYTES;
    return rest == 0 || rest > SCALE_BYTES;
}

/* Bits of the largest magnitude: they are ordered as the floats are, and NaN
 * is above all. */
FW_WIRE_WIDE static uint32_t largest(const float *restrict x, size_t n)
{
    uint32_t most = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, x + i, sizeof(bits));
        bits &= MAGNITUDE;
        most = bits > most ? bits : most;
    }
    return most;
}

FW_WIRE_WIDE static void quantise(const float *restrict x, size_t n,
                                  float inverse, int8_t *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        float shifted = x[i] * inverse + ROUNDER;
        int32_t bits;

        memcpy(&bits, &shifted, sizeof(bits));
        to[i] = (int8_t)bits; /* at most 127 in magnitude */
    }
}

static void encode_block(const float *from, size_t n, uint8_t *to)
{
    uint32_t most = largest(from, n);
    float scale = NAN;
    float inverse;

    if (most < EXPONENT) {
        memcpy(&scale, &most, sizeof(scale));
        scale /= LARGEST;
        if (!isfinite(scale * LARGEST)) /* rounded up, and too far */
            scale = nextafterf(scale, 0.0f);
    }
    inverse = 1.0f / scale;
    if (!isfinite(inverse)) { /* not a number, nothing, or next to it */
        scale = isnan(scale) ? scale : 0.0f;
        inverse = 0.0f;
    }
    memcpy(to, &scale, SCALE_BYTES);
    if (inverse == 0.0f)
        memset(to + SCALE_BYTES, 0, n);
    else
        quantise(from, n, inverse, (int8_t *)to + SCALE_BYTES);
}

void fw_int8_encode(const float *from, size_t n, uint8_t *to)
{
    while (n) {
        size_t here = n < FW_INT8_BLOCK ? n : FW_INT8_BLOCK;

        encode_block(from, here, to);
        from += here;
        to += SCALE_BYTES + here;
        n -= here;
    }
}

FW_WIRE_WIDE static void expand(const int8_t *restrict from, size_t n,
                                float scale, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i] * scale;
}

static void decode_block(const uint8_t *from, size_t n, float *to)
{
    float scale;

    memcpy(&scale, from, SCALE_BYTES);
    expand((const int8_t *)from + SCALE_BYTES, n, scale, to);
}

void fw_int8_decode(const uint8_t *from, size_t n, float *to)
{
    while (n) {
        size_t here = n < FW_INT8_BLOCK ? n : FW_INT8_BLOCK;

        decode_block(from, here, to);
        from += SCALE_BYTES + here;
        to += here;
        n -= here;
    }
}

void fw_int8_gather(const struct fw_run *run, float *to, size_t n,
                    struct fw_gather_check *check)
{
    struct fw_cursor c = {run->spans, run->n_spans, run->skip, run->n};

    while (n) {
        uint8_t block[BLOCK_BYTES];
        size_t here = n < FW_INT8_BLOCK ? n : FW_INT8_BLOCK;

        if (!fw_cursor_copy(&c, block, SCALE_BYTES + here))
            return; /* the caller has counted: cannot be */
        decode_block(block, here, to);
        fw_tensor_check(to, here, check);
        to += here;
        n -= here;
    }
}
