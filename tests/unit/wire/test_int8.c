/* Blocks of 256 small whole numbers: round trip, bounds, refusals. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "sdk/wire/int8.h"

#define N     (3 * 256 + 100) /* the last block is not full */
#define BYTES (N + 4 * 4)

static void draw(float *x, double scale)
{
    struct fw_random r;

    fw_random_init(&r, 5);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(scale * fw_random_normal(&r));
}

static float largest(const float *x, size_t n)
{
    float most = 0.0f;

    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* Half a step of the block's 127, and what rounding in float adds. */
static void assert_close(const float *got, const float *want)
{
    for (size_t first = 0; first < N; first += FW_INT8_BLOCK) {
        size_t n = N - first < FW_INT8_BLOCK ? N - first : FW_INT8_BLOCK;
        double bound = (double)largest(want + first, n) / 254.0 * 1.00001;

        for (size_t i = first; i < first + n; i++)
            assert_true(fabs((double)got[i] - (double)want[i]) <= bound);
    }
}

static void an_element_is_off_by_at_most_half_a_step(void **state)
{
    static const double scales[] = {1.0, 1e-6, 1e-30, 1e30};
    uint8_t wire[BYTES];
    float x[N];
    float back[N];

    (void)state;
    assert_int_equal(fw_int8_bytes(N), BYTES);
    for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
        draw(x, scales[i]);
        fw_int8_encode(x, N, wire);
        fw_int8_decode(wire, N, back);
        assert_close(back, x);
    }
}

static void what_has_arrived_travels_unchanged(void **state)
{
    uint8_t wire[BYTES];
    uint8_t again[BYTES];
    float x[N];

    (void)state;
    draw(x, 1.0);
    fw_int8_encode(x, N, wire);
    fw_int8_decode(wire, N, x);
    fw_int8_encode(x, N, again);
    fw_int8_decode(again, N, x + 0);
    for (size_t b = 0; b < BYTES; b += 4 + FW_INT8_BLOCK) {
        size_t n =
            BYTES - b < 4 + FW_INT8_BLOCK ? BYTES - b : 4 + FW_INT8_BLOCK;

        /* The numbers; the scale may be off by its last bit. */
        assert_memory_equal(wire + b + 4, again + b + 4, n - 4);
    }
}

static void the_ends_of_the_range_are_sound(void **state)
{
    float x[FW_INT8_BLOCK] = {FLT_MAX, -FLT_MAX, 1.0f};
    uint8_t wire[4 + FW_INT8_BLOCK];
    float back[FW_INT8_BLOCK];

    (void)state;
    fw_int8_encode(x, FW_INT8_BLOCK, wire);
    fw_int8_decode(wire, FW_INT8_BLOCK, back);
    assert_true(isfinite(back[0]) && isfinite(back[1]));
    assert_true(fabs((double)back[0] / (double)FLT_MAX - 1.0) < 1e-6);
    assert_true(back[2] == 0.0f);
    memset(x, 0, sizeof(x));
    x[3] = 1e-40f; /* too small for a scale */
    fw_int8_encode(x, FW_INT8_BLOCK, wire);
    fw_int8_decode(wire, FW_INT8_BLOCK, back);
    for (size_t i = 0; i < FW_INT8_BLOCK; i++)
        assert_true(back[i] == 0.0f);
}

static void gather(const struct fw_run *run, float *to, size_t n,
                   struct fw_gather_check *check)
{
    size_t got;

    assert_int_equal(
        fw_tensor_gather(FW_DTYPE_INT8, run, to, n, &got, check, NULL), FW_OK);
    assert_int_equal(got, n);
}

/* Cut at every place into two spans. */
static void a_gather_is_the_same_for_every_split(void **state)
{
    uint8_t wire[BYTES];
    float x[N];
    double norm = 0.0;

    (void)state;
    draw(x, 1.0);
    fw_int8_encode(x, N, wire);
    fw_int8_decode(wire, N, x);
    for (size_t i = 0; i < N; i++)
        norm += (double)x[i] * (double)x[i];
    for (size_t cut = 0; cut <= BYTES; cut++) {
        struct fw_span spans[] = {{wire, cut}, {wire + cut, BYTES - cut}};
        struct fw_run run = {.spans = spans, .n_spans = 2, .n = BYTES};
        struct fw_gather_check check = {0};
        float got[N] = {0};

        gather(&run, got, N, &check);
        assert_memory_equal(got, x, sizeof(x));
        assert_true(fabs(check.square_norm - norm) < 1e-9 * norm);
        assert_false(check.non_finite);
    }
}

static void a_number_that_is_none_is_seen(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    static const float scales[] = {NAN, INFINITY, 1e38f};
    uint8_t wire[BYTES];
    struct fw_span span = {wire, BYTES};
    struct fw_run run = {.spans = &span, .n_spans = 1, .n = BYTES};
    float x[N];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct fw_gather_check check = {0};

        draw(x, 1.0);
        x[300 * i] = bad[i];
        fw_int8_encode(x, N, wire);
        gather(&run, x, N, &check);
        assert_true(check.non_finite);
    }
    for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
        struct fw_gather_check check = {0};

        draw(x, 1.0);
        fw_int8_encode(x, N, wire);
        memcpy(wire, &scales[i], sizeof(float)); /* a hostile sender's */
        gather(&run, x, N, &check);
        assert_true(check.non_finite);
    }
}

static void a_scale_without_numbers_is_refused(void **state)
{
    static const size_t lengths[] = {1, 4, 260 + 1, 260 + 4};
    uint8_t wire[2 * 260] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct fw_span span = {wire, lengths[i]};
        struct fw_run run = {.spans = &span, .n_spans = 1, .n = lengths[i]};
        struct fw_gather_check check = {0};
        struct fw_err err = {0};
        float got[512];
        size_t n;

        assert_int_equal(
            fw_tensor_gather(FW_DTYPE_INT8, &run, got, 512, &n, &check, &err),
            FW_INVALID);
        assert_string_equal(err.reason, "CHUNK_INVALID");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_is_off_by_at_most_half_a_step),
        cmocka_unit_test(what_has_arrived_travels_unchanged),
        cmocka_unit_test(the_ends_of_the_range_are_sound),
        cmocka_unit_test(a_gather_is_the_same_for_every_split),
        cmocka_unit_test(a_number_that_is_none_is_seen),
        cmocka_unit_test(a_scale_without_numbers_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
