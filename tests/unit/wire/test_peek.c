/* Messages of which only the beginning has come (sdk/wire/chunk_peek.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/wire/chunk.h"

#define DATA_BYTES 400000u

/* The head of a gradient's chunk, and how long the message is. */
static size_t head_of_a_chunk(uint8_t head[FW_CHUNK_HEAD_MAX], size_t *total)
{
    struct fw_gradient_head g = {.sequence = 7, .offset = 131072};
    size_t n = fw_chunk_gradient(&g, DATA_BYTES, head);

    *total = n + DATA_BYTES;
    return n;
}

static void the_head_tells_where_the_data_begins(void **state)
{
    uint8_t seen[FW_CHUNK_HEAD_MAX + 10] = {0};
    struct fw_train_request r;
    size_t total;
    size_t n = head_of_a_chunk(seen, &total);
    struct fw_span span = {seen, n + 10};

    (void)state;
    assert_true(fw_peek_train_request(&span, total, &r));
    assert_int_equal(r.kind, FW_TRAIN_GRADIENT);
    assert_int_equal(r.gradient.sequence, 7);
    assert_int_equal(r.gradient.offset, 131072);
    assert_int_equal(r.data.skip, n);
    assert_int_equal(r.data.n, DATA_BYTES);
    assert_null(r.data.spans);
}

static void half_a_head_tells_nothing(void **state)
{
    uint8_t seen[FW_CHUNK_HEAD_MAX];
    struct fw_train_request r;
    size_t total;
    size_t n = head_of_a_chunk(seen, &total);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct fw_span span = {seen, i};

        assert_false(fw_peek_train_request(&span, total, &r));
    }
}

static void data_that_does_not_reach_the_end_is_not_taken(void **state)
{
    uint8_t seen[FW_CHUNK_HEAD_MAX + 10] = {0};
    struct fw_train_request r;
    size_t total;
    size_t n = head_of_a_chunk(seen, &total);
    struct fw_span span = {seen, n + 10};

    (void)state;
    assert_false(fw_peek_train_request(&span, total + 1, &r));
    assert_false(fw_peek_train_request(&span, total - 1, &r));
    assert_false(fw_peek_train_request(&span, SIZE_MAX, &r));
    assert_false(fw_peek_train_request(&span, n, &r));
}

static void parameters_are_looked_at_alike(void **state)
{
    struct fw_parameters_head p = {.version = 9, .offset = 262144};
    uint8_t seen[FW_CHUNK_HEAD_MAX + 1] = {0};
    size_t n = fw_chunk_parameters(&p, DATA_BYTES, seen);
    struct fw_span span = {seen, n + 1};
    struct fw_train_response r;

    (void)state;
    assert_true(fw_peek_train_response(&span, n + DATA_BYTES, &r));
    assert_int_equal(r.kind, FW_TRAIN_PARAMETERS);
    assert_int_equal(r.parameters.version, 9);
    assert_int_equal(r.parameters.offset, 262144);
    assert_int_equal(r.data.skip, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_tells_where_the_data_begins),
        cmocka_unit_test(half_a_head_tells_nothing),
        cmocka_unit_test(data_that_does_not_reach_the_end_is_not_taken),
        cmocka_unit_test(parameters_are_looked_at_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
