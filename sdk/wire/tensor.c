#include "sdk/wire/tensor.h"

#include <math.h>
#include <string.h>

#include "sdk/wire/int8.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/wide.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "wire floats are little-endian and are moved as they are");

#define LANES   32 /* sums kept apart, so that every width adds in one order */
#define STRETCH 4096u /* elements copied and then checked at once */

#define F32_BYTES     4
#define BF16_BYTES    2
#define EXPONENT      0x7f800000u /* all set: an infinity or a NaN */
#define MAGNITUDE     0x7fffffffu /* all but the sign */
#define EXPONENT_STEP 0x00800000u /* turns an exponent of ones into a sign */
#define SIGN          0x80000000u
#define BF16_QUIET    0x0040u /* the top bit of a bf16 mantissa */

size_t fw_dtype_bytes(enum fw_dtype dtype)
{
    if (dtype == FW_DTYPE_F32)
        return F32_BYTES;
    return dtype == FW_DTYPE_BF16 ? BF16_BYTES : 0;
}

size_t fw_tensor_bytes(enum fw_dtype dtype, size_t n)
{
    return dtype == FW_DTYPE_INT8 ? fw_int8_bytes(n)
                                  : n * fw_dtype_bytes(dtype);
}

bool fw_tensor_elements(enum fw_dtype dtype, size_t bytes, size_t *n)
{
    size_t size = fw_dtype_bytes(dtype);

    *n = 0;
    if (dtype == FW_DTYPE_INT8)
        return fw_int8_elements(bytes, n);
    if (!size)
        return false;
    *n = bytes / size;
    return bytes % size == 0;
}

/* The upper half, rounded to nearest even.  A NaN would round to an infinity
 * if its mantissa's upper bits were clear, so it is made quiet instead. */
FW_WIRE_WIDE static void narrow(const float *restrict from, size_t n,
                                uint8_t *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        uint32_t rounded;
        uint16_t half;

        memcpy(&bits, from + i, sizeof(bits));
        rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
        half = (bits & MAGNITUDE) > EXPONENT
                   ? (uint16_t)(bits >> 16 | BF16_QUIET)
                   : (uint16_t)rounded;
        memcpy(to + i * sizeof(half), &half, sizeof(half));
    }
}

FW_WIRE_WIDE static void widen(const uint8_t *restrict from, size_t n,
                               float *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        uint32_t bits;

        memcpy(&half, from + i * sizeof(half), sizeof(half));
        bits = (uint32_t)half << 16;
        memcpy(to + i, &bits, sizeof(bits));
    }
}

void fw_tensor_encode(enum fw_dtype dtype, const float *from, size_t n,
                      void *to)
{
    if (!n)
        return;
    if (dtype == FW_DTYPE_INT8)
        fw_int8_encode(from, n, to);
    else if (dtype == FW_DTYPE_BF16)
        narrow(from, n, to);
    else
        memcpy(to, from, n * F32_BYTES);
}

void fw_tensor_decode(enum fw_dtype dtype, const void *from, size_t n,
                      float *to)
{
    if (!n)
        return;
    if (dtype == FW_DTYPE_INT8)
        fw_int8_decode(from, n, to);
    else if (dtype == FW_DTYPE_BF16)
        widen(from, n, to);
    else
        memcpy(to, from, n * F32_BYTES);
}

/* Squares of floats are exact in double and their sums cannot overflow. */
FW_WIRE_WIDE void fw_tensor_check(const float *x, size_t n,
                                  struct fw_gather_check *check)
{
    double sums[LANES] = {0.0};
    uint32_t seen[LANES] = {0};
    double sum = 0.0;
    uint32_t any = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        for (unsigned k = 0; k < LANES; k++) {
            double wide = x[i + k];
            uint32_t bits;

            memcpy(&bits, x + i + k, sizeof(bits));
            sums[k] += wide * wide;
            seen[k] |= (bits & MAGNITUDE) + EXPONENT_STEP;
        }
    }
    for (unsigned k = 0; k < LANES; k++) {
        sum += sums[k];
        any |= seen[k];
    }
    for (; i < n; i++) {
        sum += (double)x[i] * x[i];
        check->non_finite |= !isfinite(x[i]);
    }
    check->square_norm += sum;
    check->non_finite |= (any & SIGN) != 0;
}

/* Copy and check, by stretches that stay in the first cache. */
static void take_f32(const uint8_t *restrict from, size_t n, float *restrict to,
                     struct fw_gather_check *check)
{
    for (size_t i = 0; i < n; i += STRETCH) {
        size_t here = n - i < STRETCH ? n - i : STRETCH;

        memcpy(to + i, from + i * F32_BYTES, here * F32_BYTES);
        fw_tensor_check(to + i, here, check);
    }
}

static void take_bf16(const uint8_t *restrict from, size_t n,
                      float *restrict to, struct fw_gather_check *check)
{
    for (size_t i = 0; i < n; i += STRETCH) {
        size_t here = n - i < STRETCH ? n - i : STRETCH;

        fw_tensor_decode(FW_DTYPE_BF16, from + i * BF16_BYTES, here, to + i);
        fw_tensor_check(to + i, here, check);
    }
}

/* A gather on its way through the spans. */
struct gather {
    enum fw_dtype dtype;
    size_t size; /* bytes of an element */
    float *to;   /* where the next element goes */
    uint8_t part[F32_BYTES];
    size_t n_part; /* bytes in `part`: an element begun in an earlier span */
    struct fw_gather_check *check;
};

static void take(struct gather *g, const uint8_t *from, size_t n)
{
    if (g->dtype == FW_DTYPE_F32)
        take_f32(from, n, g->to, g->check);
    else
        take_bf16(from, n, g->to, g->check);
    g->to += n;
}

static void take_span(struct gather *g, const uint8_t *from, size_t n)
{
    size_t whole;

    while (n && g->n_part) {
        g->part[g->n_part++] = *from++;
        n--;
        if (g->n_part == g->size) {
            g->n_part = 0;
            take(g, g->part, 1);
        }
    }
    whole = n / g->size;
    if (whole)
        take(g, from, whole);
    from += whole * g->size;
    n -= whole * g->size;
    if (n) {
        memcpy(g->part, from, n);
        g->n_part = n;
    }
}

/* f32 and bf16: elements one by one. */
static void gather(struct gather *g, const struct fw_run *run)
{
    size_t skip = run->skip;
    size_t left = run->n;

    for (size_t i = 0; left && i < run->n_spans; i++) {
        size_t here = run->spans[i].n - skip;

        if (here > left)
            here = left;
        take_span(g, run->spans[i].data + skip, here);
        left -= here;
        skip = 0;
    }
}

fw_status fw_tensor_gather(enum fw_dtype dtype, const struct fw_run *run,
                           float *to, size_t room, size_t *n,
                           struct fw_gather_check *check, struct fw_err *err)
{
    struct gather g = {dtype, fw_dtype_bytes(dtype), to, {0}, 0, check};
    size_t elements;

    *n = 0;
    if (!fw_tensor_bytes(dtype, 1))
        return FW_REFUSE(err, DTYPE_UNSUPPORTED, "dtype %d cannot be gathered",
                         (int)dtype);
    if (!fw_tensor_elements(dtype, run->n, &elements) || elements > room)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "%zu bytes of %s are not at most %zu whole elements",
                         run->n, fw_dtype_name(dtype), room);
    if (dtype == FW_DTYPE_INT8)
        fw_int8_gather(run, to, elements, check);
    else
        gather(&g, run);
    *n = elements;
    return FW_OK;
}
