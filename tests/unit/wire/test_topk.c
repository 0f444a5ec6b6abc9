/* The largest elements: which they are, and their way over the wire. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/mem.h"
#include "sdk/base/random.h"
#include "sdk/wire/topk.h"

#define N 70000u /* a segment and a part */

struct fixture {
    float *x;         /* owned; N */
    float *back;      /* owned; N */
    uint64_t *counts; /* owned */
    uint8_t *wire;    /* owned; room for all */
    size_t bytes;     /* in `wire` */
    struct fw_topk_cut cut;
};

static int open_fixture(void **state)
{
    struct fixture *f = fw_mem_array(1, sizeof(*f));
    struct fw_random r;

    assert_non_null(f);
    f->x = fw_mem_array(N, sizeof(float));
    f->back = fw_mem_array(N, sizeof(float));
    f->counts = fw_mem_array(FW_TOPK_COUNTS, sizeof(*f->counts));
    f->wire = fw_mem_array(8 + (size_t)N * 6, 1);
    assert_true(f->x && f->back && f->counts && f->wire);
    fw_random_init(&r, 3);
    for (size_t i = 0; i < N; i++)
        f->x[i] = (float)fw_random_normal(&r);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    free(f->x);
    free(f->back);
    free(f->counts);
    free(f->wire);
    free(f);
    return 0;
}

static void choose(struct fixture *f, uint64_t k)
{
    fw_topk_choose(f->x, N, k, f->counts, &f->cut);
}

/* How many are sent; none that is left out is larger than one that is sent. */
static uint64_t chosen(const struct fixture *f)
{
    float smallest = INFINITY;
    float left_out = 0.0f;
    uint64_t n = 0;

    for (uint64_t i = 0; i < N; i++) {
        float size = fabsf(f->x[i]);

        if (fw_topk_has(&f->cut, i, f->x[i])) {
            n++;
            smallest = fminf(smallest, size);
        } else {
            left_out = fmaxf(left_out, size);
        }
    }
    assert_true(left_out <= smallest);
    return n;
}

static void the_k_largest_are_chosen_exactly(void **state)
{
    static const uint64_t ks[] = {1, 2, 700, N / 2, N - 1, N};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        choose(f, ks[i]);
        assert_int_equal(chosen(f), ks[i]);
    }
}

static void of_equal_ones_the_first_are_chosen(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < N; i++)
        f->x[i] = i % 2 ? 0.5f : -0.5f;
    f->x[N - 1] = 2.0f;
    choose(f, 10);
    assert_int_equal(chosen(f), 10);
    for (uint64_t i = 0; i < 9; i++)
        assert_true(fw_topk_has(&f->cut, i, f->x[i]));
    assert_true(fw_topk_has(&f->cut, N - 1, f->x[N - 1]));
}

static void zeros_are_never_sent(void **state)
{
    struct fixture *f = *state;

    memset(f->x, 0, N * sizeof(float));
    choose(f, 100);
    assert_int_equal(chosen(f), 0);
    f->x[7] = -1e-42f;
    choose(f, 100);
    assert_int_equal(chosen(f), 1);
}

static void encode(struct fixture *f, uint64_t k)
{
    choose(f, k);
    f->bytes = fw_topk_bytes(&f->cut, f->x, 0, N);
    fw_topk_encode(&f->cut, f->x, 0, N, f->wire);
}

/* Both segments from f->wire, which is cut into spans of `length`. */
static fw_status gather(struct fixture *f, size_t length,
                        struct fw_gather_check *check, struct fw_err *err)
{
    size_t n_spans = (f->bytes + length - 1) / length;
    struct fw_span *spans = fw_mem_array(n_spans, sizeof(*spans));
    struct fw_run run = {.spans = spans, .n_spans = n_spans, .n = f->bytes};
    size_t used;
    fw_status s;

    assert_non_null(spans);
    for (size_t i = 0; i < n_spans; i++) {
        size_t left = f->bytes - i * length;

        spans[i] = (struct fw_span){f->wire + i * length,
                                    left < length ? left : length};
    }
    s = fw_topk_gather(&run, f->back, FW_TOPK_SEGMENT, &used, check, err);
    if (s == FW_OK) {
        struct fw_span rest = {f->wire + used, f->bytes - used};
        struct fw_run tail = {.spans = &rest, .n_spans = 1, .n = rest.n};

        s = fw_topk_gather(&tail, f->back + FW_TOPK_SEGMENT,
                           N - FW_TOPK_SEGMENT, &used, check, err);
        assert_true(s != FW_OK || used == rest.n);
    }
    free(spans);
    return s;
}

static void what_is_sent_arrives_and_the_rest_is_zero(void **state)
{
    static const size_t lengths[] = {1, 3, 7, 1000, 1000000};
    struct fixture *f = *state;

    encode(f, 700);
    assert_int_equal(f->bytes, 2 * 4 + 700 * 6);
    for (size_t k = 0; k < sizeof(lengths) / sizeof(*lengths); k++) {
        struct fw_gather_check check = {0};
        double norm = 0.0;

        assert_int_equal(gather(f, lengths[k], &check, NULL), FW_OK);
        for (uint64_t i = 0; i < N; i++) {
            float want = fw_topk_has(&f->cut, i, f->x[i]) ? f->x[i] : 0.0f;

            assert_true(f->back[i] == want);
            norm += (double)want * (double)want;
        }
        assert_true(fabs(check.square_norm - norm) < 1e-9 * norm);
        assert_false(check.non_finite);
    }
}

/* Ties that end inside a segment, at its border and in the next one. */
static void ties_are_sent_as_they_were_chosen(void **state)
{
    static const uint64_t ks[] = {1, 1000, FW_TOPK_SEGMENT, N - 100};
    struct fixture *f = *state;

    for (size_t k = 0; k < sizeof(ks) / sizeof(*ks); k++) {
        struct fw_gather_check check = {0};

        for (size_t i = 0; i < N; i++)
            f->x[i] = i % 2 ? 0.5f : -0.5f;
        encode(f, ks[k]);
        assert_int_equal(f->bytes, 2 * 4 + ks[k] * 6);
        assert_int_equal(gather(f, 4096, &check, NULL), FW_OK);
        fw_topk_clear(&f->cut, f->x, N);
        for (uint64_t i = 0; i < N; i++) {
            float value = i % 2 ? 0.5f : -0.5f;

            assert_true(f->back[i] == (i < ks[k] ? value : 0.0f));
            assert_true(f->x[i] == (i < ks[k] ? 0.0f : value));
        }
    }
}

static void a_value_that_is_no_number_is_seen(void **state)
{
    struct fixture *f = *state;
    struct fw_gather_check check = {0};
    float bad = NAN;

    encode(f, 700);
    memcpy(f->wire + f->bytes - sizeof(bad), &bad, sizeof(bad));
    assert_int_equal(gather(f, 4096, &check, NULL), FW_OK);
    assert_true(check.non_finite);
}

/* What a hostile or broken sender may say. */
static void a_segment_that_cannot_be_is_refused(void **state)
{
    static const struct {
        uint32_t count;
        uint16_t places[2];
        size_t bytes;
    } cases[] = {
        {2, {5, 5}, 16},          /* twice the same */
        {2, {6, 5}, 16},          /* falling */
        {2, {5, 100}, 16},        /* behind the last of 100 */
        {2, {5, 6}, 15},          /* cut short */
        {2, {5, 6}, 3},           /* no count */
        {101, {5, 6}, 16},        /* more than there are elements */
        {UINT32_MAX, {5, 6}, 16}, /* far more */
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fw_span span = {f->wire, cases[i].bytes};
        struct fw_run run = {.spans = &span, .n_spans = 1, .n = span.n};
        struct fw_gather_check check = {0};
        struct fw_err err = {0};
        size_t used;

        memset(f->wire, 0, 16);
        memcpy(f->wire, &cases[i].count, sizeof(uint32_t));
        memcpy(f->wire + sizeof(uint32_t), cases[i].places,
               sizeof(cases[i].places));
        assert_int_equal(
            fw_topk_gather(&run, f->back, 100, &used, &check, &err),
            FW_INVALID);
        assert_string_equal(err.reason, "CHUNK_INVALID");
    }
}

#define WITH(test)                                                             \
    cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_k_largest_are_chosen_exactly),
        WITH(of_equal_ones_the_first_are_chosen),
        WITH(zeros_are_never_sent),
        WITH(what_is_sent_arrives_and_the_rest_is_zero),
        WITH(ties_are_sent_as_they_were_chosen),
        WITH(a_value_that_is_no_number_is_seen),
        WITH(a_segment_that_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
