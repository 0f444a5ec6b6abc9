/* Pools count every block, gathers take any chunks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N           (2u * FW_BLOCK_ELEMENTS + 1000u) /* three blocks */
#define BLOCK_BYTES (FW_BLOCK_ELEMENTS * sizeof(float))

static float *ramp(uint64_t n)
{
    float *x = malloc(n * sizeof(*x));

    assert_non_null(x);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)(i % 1021u);
    return x;
}

static void assert_ramp(struct fw_block *const *blocks, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        assert_true(
            blocks[i / FW_BLOCK_ELEMENTS]->data[i % FW_BLOCK_ELEMENTS] ==
            (float)(i % 1021u));
}

static void chunks_of_any_length_make_the_same_gradient(void **state)
{
    static const uint64_t lengths[] = {N, FW_BLOCK_ELEMENTS, 100000, 65536,
                                       777};
    struct fw_pool *p;
    float *x = ramp(N);

    (void)state;
    assert_int_equal(fw_pool_create(N, 1u << 30, &p), FW_OK);
    for (size_t k = 0; k < sizeof(lengths) / sizeof(*lengths); k++) {
        struct fw_gather *g;

        assert_int_equal(fw_gather_create(p, N, FW_DTYPE_F32, NULL, &g), FW_OK);
        for (uint64_t at = 0; at < N; at += lengths[k]) {
            uint64_t n = N - at < lengths[k] ? N - at : lengths[k];
            size_t cut = n * sizeof(float) / 3; /* inside an element */
            const uint8_t *data = (const uint8_t *)(x + at);
            struct fw_span spans[2] = {{data, cut},
                                       {data + cut, n * sizeof(float) - cut}};
            struct fw_run run = {spans, 2, 0, n * sizeof(float)};

            assert_false(fw_gather_complete(g));
            assert_int_equal(fw_gather_add(g, at, &run, NULL), FW_OK);
        }
        assert_true(fw_gather_complete(g));
        assert_ramp(g->blocks, N);
        fw_gather_close(g);
    }
    assert_int_equal(fw_pool_bytes_in_use(p), 0);
    fw_pool_unref(p);
    free(x);
}

static void a_chunk_that_does_not_fit_is_refused_and_changes_nothing(
    void **state)
{
    static const struct {
        uint64_t offset;
        size_t bytes;
    } rows[] = {
        {101, 4},        /* a gap */
        {99, 4},         /* again */
        {100, 6},        /* half an element */
        {100, 901 * 4u}, /* behind the end */
    };
    struct fw_pool *p;
    struct fw_gather *g;
    float *x = ramp(1000);
    struct fw_span span;
    struct fw_run run = run_of(&span, x, 400);

    (void)state;
    assert_int_equal(fw_pool_create(1000, 1u << 20, &p), FW_OK);
    assert_int_equal(fw_gather_create(p, 1000, FW_DTYPE_F32, NULL, &g), FW_OK);
    assert_int_equal(fw_gather_add(g, 0, &run, NULL), FW_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fw_err err = {.reason = ""};

        run = run_of(&span, x, rows[i].bytes);
        assert_int_equal(fw_gather_add(g, rows[i].offset, &run, &err),
                         FW_INVALID);
        assert_string_equal(err.reason, "CHUNK_INVALID");
        assert_int_equal(g->filled, 100);
    }
    run = run_of(&span, x + 100, 900 * sizeof(*x));
    assert_int_equal(fw_gather_add(g, 100, &run, NULL), FW_OK);
    assert_ramp(g->blocks, 1000);
    run = run_of(&span, x, 4);
    assert_int_equal(fw_gather_add(g, 1000, &run, NULL), FW_INVALID);
    fw_gather_close(g);
    fw_pool_unref(p);
    free(x);
}

/* Where chunks of int8 end: at multiples of 256, or at the vector's end. */
static void a_chunk_of_int8_ends_between_blocks_of_256(void **state)
{
    static const struct {
        size_t elements;
        size_t bytes;
        bool fits;
    } rows[] = {
        {100, 104, false}, /* not the end */
        {256, 260, true},
        {300, 308, false},
        {512, 520, true},
        {1000, 1016, true} /* the end */
    };
    static const uint8_t wire[1016]; /* zeros */
    struct fw_pool *p;

    (void)state;
    assert_int_equal(fw_pool_create(1000, 1u << 20, &p), FW_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fw_span span = {wire, rows[i].bytes};
        struct fw_run run = {.spans = &span, .n_spans = 1, .n = span.n};
        struct fw_gather *g;

        assert_int_equal(fw_gather_create(p, 1000, FW_DTYPE_INT8, NULL, &g),
                         FW_OK);
        assert_int_equal(fw_gather_add(g, 0, &run, NULL),
                         rows[i].fits ? FW_OK : FW_INVALID);
        assert_int_equal(g->filled, rows[i].fits ? rows[i].elements : 0);
        fw_gather_close(g);
    }
    fw_pool_unref(p);
}

/* Three values in three segments; blocks come with what was in them before. */
static void segments_of_topk_fill_all_blocks(void **state)
{
    static const uint8_t wire[] = {
        2, 0, 0, 0, 0, 0, 1, 0, 0,    0,   0x80, 0x3f, 0, 0, 0, 0x40, /* 1, 2 */
        0, 0, 0, 0,                                                   /* none */
        1, 0, 0, 0, 9, 0, 0, 0, 0x80, 0xbf};                          /* -1 */
    uint64_t n = FW_BLOCK_ELEMENTS + 10;
    struct fw_span span = {wire, sizeof(wire)};
    struct fw_run run = {.spans = &span, .n_spans = 1, .n = span.n};
    struct fw_err err = {.reason = ""};
    struct fw_pool *p;
    struct fw_gather *g;

    (void)state;
    assert_int_equal(fw_pool_create(n, 1u << 22, &p), FW_OK);
    assert_int_equal(fw_gather_create(p, n, FW_DTYPE_TOPK, NULL, &g), FW_OK);
    for (uint64_t i = 0; i < FW_BLOCK_ELEMENTS; i++)
        g->blocks[0]->data[i] = 7.0f;
    assert_int_equal(fw_gather_add(g, 0, &run, NULL), FW_OK);
    assert_true(fw_gather_complete(g));
    assert_true(g->check.square_norm == 6.0 && !g->check.non_finite);
    for (uint64_t i = 2; i < FW_BLOCK_ELEMENTS; i++)
        assert_true(g->blocks[0]->data[i] == 0.0f);
    assert_true(g->blocks[0]->data[0] == 1.0f);
    assert_true(g->blocks[0]->data[1] == 2.0f);
    assert_true(g->blocks[1]->data[9] == -1.0f);
    assert_int_equal(fw_gather_add(g, n, &run, &err), FW_INVALID);
    assert_string_equal(err.reason, "CHUNK_INVALID");
    fw_gather_close(g);
    fw_pool_unref(p);
}

static void blocks_return_one_by_one_as_readers_let_go(void **state)
{
    struct fw_pool *p;
    struct fw_version *v;
    struct fw_block *second;
    float *x = ramp(N);

    (void)state;
    assert_int_equal(fw_pool_create(N, 1u << 30, &p), FW_OK);
    assert_int_equal(fw_version_from_gather(gather_of(p, x, N), 5, &v), FW_OK);
    assert_int_equal(v->number, 5);
    assert_int_equal(fw_version_block_elements(v, 0), FW_BLOCK_ELEMENTS);
    assert_int_equal(fw_version_block_elements(v, 2), 1000);
    assert_int_equal(fw_pool_bytes_in_use(p), 3 * BLOCK_BYTES);
    second = fw_block_ref(v->blocks[1]);
    fw_version_unref(v);
    assert_int_equal(fw_pool_bytes_in_use(p), BLOCK_BYTES);
    fw_pool_unref(p); /* the block keeps the pool */
    assert_true(second->data[0] == (float)(FW_BLOCK_ELEMENTS % 1021u));
    fw_block_unref(second);
    free(x);
}

static void freed_blocks_are_used_again(void **state)
{
    struct fw_pool *p;
    struct fw_gather *g;

    (void)state;
    assert_int_equal(fw_pool_create(N, 1u << 30, &p), FW_OK);
    assert_int_equal(fw_gather_create(p, N, FW_DTYPE_F32, NULL, &g), FW_OK);
    fw_gather_close(g);
    fault_arm(1); /* the gather itself, and then no block */
    assert_int_equal(fw_gather_create(p, N, FW_DTYPE_F32, NULL, &g), FW_OK);
    assert_false(fault_disarm());
    fw_gather_close(g);
    fw_pool_unref(p);
}

static void a_failed_gather_leaves_no_block_counted(void **state)
{
    struct fw_pool *p;
    struct fw_gather *g;
    fw_status s = FW_NOMEM;
    long n;

    (void)state;
    assert_int_equal(fw_pool_create(N, 1u << 30, &p), FW_OK);
    for (n = 0; s == FW_NOMEM; n++) {
        fault_arm(n);
        s = fw_gather_create(p, N, FW_DTYPE_F32, NULL, &g);
        assert_int_equal(fault_disarm(), s == FW_NOMEM);
        if (s == FW_NOMEM)
            assert_int_equal(fw_pool_bytes_in_use(p), 0);
    }
    assert_int_equal(s, FW_OK);
    assert_true(n > 3); /* more than one allocation has failed */
    fw_gather_close(g);
    fw_pool_unref(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_of_any_length_make_the_same_gradient),
        cmocka_unit_test(
            a_chunk_that_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(a_chunk_of_int8_ends_between_blocks_of_256),
        cmocka_unit_test(segments_of_topk_fill_all_blocks),
        cmocka_unit_test(blocks_return_one_by_one_as_readers_let_go),
        cmocka_unit_test(freed_blocks_are_used_again),
        cmocka_unit_test(a_failed_gather_leaves_no_block_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
