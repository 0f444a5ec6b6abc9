/* Floats survive the wire, and what is not finite is seen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "sdk/wire/tensor.h"

#define N 1000

static float float_of(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static void every_bf16_value_decodes_and_encodes_to_itself(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t wire = (uint16_t)h;
        uint16_t back;
        float x;

        fw_tensor_decode(FW_DTYPE_BF16, &wire, 1, &x);
        assert_int_equal(bits_of(x), h << 16);
        fw_tensor_encode(FW_DTYPE_BF16, &x, 1, &back);
        if (isnan(x)) {
            assert_int_equal(back, h | 0x40); /* quiet, else the same */
        } else {
            assert_int_equal(back, h);
        }
    }
}

/* The nearest of the two neighbours in arithmetic, not in bits. */
static uint16_t nearest_bf16(float x)
{
    uint16_t down = (uint16_t)(bits_of(x) >> 16);
    double low = float_of((uint32_t)down << 16);
    uint32_t up_bits = ((uint32_t)down + 1) << 16;
    /* beyond the largest number lies what would be next */
    double high = (up_bits & 0x7fffffff) == 0x7f800000
                      ? copysign(ldexp(1.0, 128), x)
                      : (double)float_of(up_bits);
    double to_low = fabs(x - low);
    double to_high = fabs(high - x);

    if (to_low < to_high || (to_low == to_high && !(down & 1)))
        return down;
    return (uint16_t)(down + 1);
}

static void rounding_is_to_the_nearest_and_ties_go_to_even(void **state)
{
    static const uint32_t lower[] = {0,      1,      0x7fff, 0x8000,
                                     0x8001, 0xffff, 0x1234, 0xabcd};

    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        for (size_t i = 0; i < 8; i++) {
            float x = float_of(h << 16 | lower[i]);
            uint16_t wire;

            if (!isfinite(x))
                continue;
            fw_tensor_encode(FW_DTYPE_BF16, &x, 1, &wire);
            assert_int_equal(wire, nearest_bf16(x));
        }
    }
}

static void a_nan_stays_one_whatever_its_bits(void **state)
{
    static const uint32_t nans[] = {0x7f800001, 0xff800001, 0x7fffffff,
                                    0xffffffff, 0x7fc00000, 0x7f80ffff};
    float x[24];
    uint16_t wire[24];

    (void)state;
    for (size_t i = 0; i < 24; i++)
        x[i] = float_of(nans[i % 6]);
    fw_tensor_encode(FW_DTYPE_BF16, x, 24, wire);
    fw_tensor_decode(FW_DTYPE_BF16, wire, 24, x);
    for (size_t i = 0; i < 24; i++) {
        assert_true(isnan(x[i]));
        assert_int_equal(signbit(x[i]) != 0, nans[i % 6] >> 31);
    }
}

/* N floats of a dtype's precision, and their bytes. */
static void draw(enum fw_dtype dtype, float *x, uint8_t *wire)
{
    struct fw_random r;

    fw_random_init(&r, 5);
    for (int i = 0; i < N; i++)
        x[i] = (float)fw_random_normal(&r);
    fw_tensor_encode(dtype, x, N, wire);
    fw_tensor_decode(dtype, wire, N, x);
}

static double square_norm(const float *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

static void a_gather_is_the_same_for_every_split(enum fw_dtype dtype)
{
    size_t bytes = N * fw_dtype_bytes(dtype);
    float x[N];
    float got[N];
    uint8_t wire[N * 4 + 1];

    draw(dtype, x, wire + 1); /* unaligned */
    for (size_t i = 0; i <= bytes; i++) {
        struct fw_span spans[] = {{wire, 1 + i / 2},
                                  {NULL, 0},
                                  {wire + 1 + i / 2, i - i / 2},
                                  {wire + 1 + i, bytes - i}};
        struct fw_run run = {spans, 4, 1, bytes};
        struct fw_gather_check check = {0};
        size_t n;

        memset(got, 0xff, sizeof(got));
        assert_int_equal(
            fw_tensor_gather(dtype, &run, got, N, &n, &check, NULL), FW_OK);
        assert_int_equal(n, N);
        assert_memory_equal(got, x, sizeof(x));
        assert_false(check.non_finite);
        assert_true(fabs(check.square_norm / square_norm(x, N) - 1.0) < 1e-12);
    }
}

static void f32_gathers_the_same_for_every_split(void **state)
{
    (void)state;
    a_gather_is_the_same_for_every_split(FW_DTYPE_F32);
}

static void bf16_gathers_the_same_for_every_split(void **state)
{
    (void)state;
    a_gather_is_the_same_for_every_split(FW_DTYPE_BF16);
}

static void an_element_in_single_bytes_is_gathered(void **state)
{
    float x[N];
    float got[N];
    uint8_t wire[N * 4];
    struct fw_span spans[N * 4];
    struct fw_run run = {spans, N * 4, 0, N * 4};
    struct fw_gather_check check = {0};
    size_t n;

    (void)state;
    draw(FW_DTYPE_F32, x, wire);
    for (size_t i = 0; i < sizeof(wire); i++)
        spans[i] = (struct fw_span){wire + i, 1};
    assert_int_equal(
        fw_tensor_gather(FW_DTYPE_F32, &run, got, N, &n, &check, NULL), FW_OK);
    assert_memory_equal(got, x, sizeof(x));
}

static void find_non_finite(enum fw_dtype dtype, float bad)
{
    enum { LENGTH = 37 }; /* full lanes and a rest */
    float x[LENGTH];
    float got[LENGTH];
    uint8_t wire[LENGTH * 4];
    struct fw_span span = {wire, LENGTH * fw_dtype_bytes(dtype)};
    struct fw_run run = {&span, 1, 0, span.n};

    for (size_t at = 0; at <= LENGTH; at++) {
        struct fw_gather_check check = {0};
        size_t n;

        for (size_t i = 0; i < LENGTH; i++)
            x[i] = i == at ? bad : -1.0f;
        fw_tensor_encode(dtype, x, LENGTH, wire);
        assert_int_equal(
            fw_tensor_gather(dtype, &run, got, LENGTH, &n, &check, NULL),
            FW_OK);
        assert_int_equal(check.non_finite, at < LENGTH);
    }
}

static void what_is_not_finite_is_found_anywhere(void **state)
{
    static const uint32_t bad[] = {0x7f800000, 0xff800000, 0x7fc00000,
                                   0xffc00000, 0x7f800001, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        find_non_finite(FW_DTYPE_F32, float_of(bad[i]));
        find_non_finite(FW_DTYPE_BF16, float_of(bad[i]));
    }
}

static void the_largest_floats_are_finite_and_have_a_norm(void **state)
{
    float x[64];
    float got[64];
    struct fw_span span = {(const uint8_t *)x, sizeof(x)};
    struct fw_run run = {&span, 1, 0, sizeof(x)};
    struct fw_gather_check check = {0};
    size_t n;

    (void)state;
    for (int i = 0; i < 64; i++)
        x[i] = i & 1 ? 3.4028234e38f : -3.4028234e38f;
    for (int round = 0; round < 2; round++)
        assert_int_equal(
            fw_tensor_gather(FW_DTYPE_F32, &run, got, 64, &n, &check, NULL),
            FW_OK);
    assert_false(check.non_finite);
    assert_true(fabs(check.square_norm / square_norm(x, 64) - 2.0) < 1e-12);
}

static void a_run_that_does_not_fit_is_refused(void **state)
{
    float got[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    uint8_t wire[20] = {0};
    struct fw_span span = {wire, sizeof(wire)};
    struct fw_gather_check check = {0};
    struct fw_err err;
    size_t n;

    (void)state;
    for (size_t bytes = 0; bytes <= sizeof(wire); bytes++) {
        struct fw_run run = {&span, 1, 0, bytes};
        fw_status s =
            fw_tensor_gather(FW_DTYPE_F32, &run, got, 4, &n, &check, &err);

        if (bytes % 4 == 0 && bytes <= 16) {
            assert_int_equal(s, FW_OK);
            assert_int_equal(n, bytes / 4);
        } else {
            assert_int_equal(s, FW_INVALID);
            assert_string_equal(err.reason, "CHUNK_INVALID");
            assert_int_equal(n, 0);
        }
    }
}

static void dtypes_have_names(void **state)
{
    static const struct {
        const char *text;
        enum fw_dtype dtype;
        double share;
    } names[] = {{"f32", FW_DTYPE_F32, FW_TOPK_SHARE},
                 {"bf16", FW_DTYPE_BF16, FW_TOPK_SHARE},
                 {"int8", FW_DTYPE_INT8, FW_TOPK_SHARE},
                 {"topk", FW_DTYPE_TOPK, FW_TOPK_SHARE},
                 {"topk:0.25", FW_DTYPE_TOPK, 0.25},
                 {"topk:1", FW_DTYPE_TOPK, 1.0}};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        enum fw_dtype dtype;
        double share;

        assert_int_equal(fw_dtype_parse(names[i].text, &dtype, &share, NULL),
                         FW_OK);
        assert_int_equal(dtype, names[i].dtype);
        assert_true(share == names[i].share);
        assert_memory_equal(fw_dtype_name(dtype), names[i].text,
                            strlen(fw_dtype_name(dtype)));
    }
}

static void what_is_no_dtype_is_refused(void **state)
{
    static const char *const wrong[] = {
        "f16",     "",         "f32:0.5", "topk:",    "topk:0",
        "topk:-1", "topk:1.1", "topk:x",  "topk:nan", "topk:0.1x"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        enum fw_dtype dtype;
        struct fw_err err;
        double share;

        assert_int_equal(fw_dtype_parse(wrong[i], &dtype, &share, &err),
                         FW_INVALID);
        assert_string_equal(err.reason, "DTYPE_UNSUPPORTED");
    }
    assert_int_equal(fw_dtype_bytes((enum fw_dtype)9), 0);
    assert_false(fw_dtype_known((enum fw_dtype)9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bf16_value_decodes_and_encodes_to_itself),
        cmocka_unit_test(rounding_is_to_the_nearest_and_ties_go_to_even),
        cmocka_unit_test(a_nan_stays_one_whatever_its_bits),
        cmocka_unit_test(f32_gathers_the_same_for_every_split),
        cmocka_unit_test(bf16_gathers_the_same_for_every_split),
        cmocka_unit_test(an_element_in_single_bytes_is_gathered),
        cmocka_unit_test(what_is_not_finite_is_found_anywhere),
        cmocka_unit_test(the_largest_floats_are_finite_and_have_a_norm),
        cmocka_unit_test(a_run_that_does_not_fit_is_refused),
        cmocka_unit_test(dtypes_have_names),
        cmocka_unit_test(what_is_no_dtype_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
