/* A receiver believes no offset, version or length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/client/transfer.h"

#define N 6

struct fixture {
    float values[N + 1]; /* one more than asked for */
    struct fw_receiver rx;
};

static struct fixture begin(void)
{
    struct fixture f = {.values = {[N] = -1.0f},
                        .rx = {.n = N, .dtype = FW_DTYPE_F32}};

    return f;
}

/* Give `n` elements 1, 2, 3 ... at `offset`. */
static fw_status give(struct fixture *f, uint64_t offset, size_t n,
                      uint64_t version)
{
    static const float data[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct fw_span span = {(const uint8_t *)data, n * sizeof(float)};
    struct fw_run run = {&span, 1, 0, span.n};
    struct fw_parameters_head head = {.offset = offset, .version = version};
    struct fw_err err;

    f->rx.values = f->values;
    return fw_receiver_take(&f->rx, &head, &run, &err);
}

static void chunks_in_order_fill_the_vector(void **state)
{
    struct fixture f = begin();

    (void)state;
    assert_int_equal(give(&f, 0, 4, 9), FW_OK);
    assert_false(fw_receiver_done(&f.rx));
    assert_int_equal(give(&f, 4, 2, 9), FW_OK);
    assert_true(fw_receiver_done(&f.rx));
    assert_int_equal(f.rx.version, 9);
    assert_true(f.values[3] == 4.0f && f.values[5] == 2.0f);
    assert_true(f.values[N] == -1.0f);
}

static void chunks_out_of_order_are_corrupt(void **state)
{
    static const uint64_t offsets[] = {0, 3, 5, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        struct fixture f = begin();

        assert_int_equal(give(&f, 0, 4, 9), FW_OK);
        assert_int_equal(give(&f, offsets[i], 2, 9), FW_CORRUPT);
        assert_int_equal(f.rx.next, 4);
    }
}

static void a_vector_of_two_versions_is_corrupt(void **state)
{
    struct fixture f = begin();

    (void)state;
    assert_int_equal(give(&f, 0, 4, 9), FW_OK);
    assert_int_equal(give(&f, 4, 2, 10), FW_CORRUPT);
}

static void more_than_there_is_room_for_is_corrupt_and_not_written(void **state)
{
    struct fixture f = begin();

    (void)state;
    assert_int_equal(give(&f, 0, N + 1, 9), FW_CORRUPT);
    assert_true(f.values[N] == -1.0f);
}

static void an_empty_chunk_is_corrupt(void **state)
{
    struct fixture f = begin();

    (void)state;
    assert_int_equal(give(&f, 0, 0, 9), FW_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_in_order_fill_the_vector),
        cmocka_unit_test(chunks_out_of_order_are_corrupt),
        cmocka_unit_test(a_vector_of_two_versions_is_corrupt),
        cmocka_unit_test(
            more_than_there_is_room_for_is_corrupt_and_not_written),
        cmocka_unit_test(an_empty_chunk_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
