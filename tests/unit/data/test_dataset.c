/* Specifications, limits, the split, and the drawn digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/data/dataset.h"

static void a_wrong_specification_is_refused(void **state)
{
    static const char *const specs[] = {
        "",
        "digit",
        "digits:",
        "digits:0",
        "digits:ten",
        "digits:10:",
        "digits:10:1:2",
        "digits:-1",
        "digits:99999999999999999999999",
        "idx",
        "idx:",
        "cifar10:",
        "digits:18446744073709551615",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
        struct fw_dataset d = {0};
        struct fw_err err = {0};

        if (fw_dataset_load(&d, specs[i], &err) != FW_INVALID)
            fail_msg("'%s' was not refused", specs[i]);
        assert_true(err.text[0] != '\0');
        assert_null(d.inputs);
    }
}

static void a_size_that_overflows_is_refused_before_memory_is_taken(
    void **state)
{
    static const struct {
        uint64_t n;
        struct fw_image_shape shape;
    } cases[] = {
        {UINT64_MAX, {1, 1, 1}},
        {UINT64_MAX / 4 + 1, {1, 1, 1}}, /* 4 bytes each: 0 after wrapping */
        {1, {UINT32_MAX, UINT32_MAX, UINT32_MAX}},
        {(uint64_t)1 << 32, {1, 1 << 16, 1 << 16}},
        {FW_DATASET_BYTES_MAX / sizeof(float) + 1, {1, 1, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fw_dataset d = {0};

        assert_int_equal(
            fw_dataset_reserve(&d, cases[i].n, cases[i].shape, NULL),
            FW_INVALID);
        assert_null(d.inputs);
    }
}

static void the_same_seed_draws_the_same_digits(void **state)
{
    struct fw_dataset a = {0};
    struct fw_dataset b = {0};
    struct fw_dataset c = {0};

    (void)state;
    assert_int_equal(fw_dataset_load(&a, "digits:300:7", NULL), FW_OK);
    assert_int_equal(fw_dataset_load(&b, "digits:100:7", NULL), FW_OK);
    assert_int_equal(fw_dataset_load(&c, "digits:100:8", NULL), FW_OK);
    assert_int_equal(a.n, 300);
    assert_memory_equal(a.inputs, b.inputs, b.n * b.sample * sizeof(float));
    assert_memory_equal(a.labels, b.labels, b.n * sizeof(float));
    assert_memory_not_equal(b.inputs, c.inputs, b.n * b.sample * sizeof(float));
    fw_dataset_close(&a);
    fw_dataset_close(&b);
    fw_dataset_close(&c);
}

static void digits_are_ten_classes_of_ink_on_black(void **state)
{
    struct fw_dataset d = {0};
    size_t counts[10] = {0};
    double ink = 0.0;

    (void)state;
    assert_int_equal(fw_dataset_load(&d, "digits:5000", NULL), FW_OK);
    assert_int_equal(d.classes, 10);
    assert_int_equal(d.sample, 28 * 28);
    for (size_t i = 0; i < d.n * d.sample; i++) {
        assert_true(d.inputs[i] >= 0.0f && d.inputs[i] <= 1.0f);
        ink += (double)d.inputs[i];
    }
    /* A pen of 1 to 3 pixels on a path of 30 to 60, and half the noise. */
    ink /= (double)(d.n * d.sample);
    assert_true(ink > 0.05 && ink < 0.25);
    for (size_t i = 0; i < d.n; i++)
        counts[(size_t)d.labels[i]]++;
    for (size_t c = 0; c < 10; c++) /* 500 expected, deviation 21 */
        assert_in_range(counts[c], 400, 600);
    fw_dataset_close(&d);
}

static void the_last_fifth_is_for_validation(void **state)
{
    struct fw_dataset d = {0};
    struct fw_samples train;
    struct fw_samples held_out;

    (void)state;
    assert_int_equal(fw_dataset_load(&d, "digits:103", NULL), FW_OK);
    fw_dataset_split(&d, FW_DATASET_VALIDATION, &train, &held_out);
    assert_int_equal(held_out.n, 20);
    assert_int_equal(train.n, 83);
    assert_ptr_equal(train.inputs, d.inputs);
    assert_ptr_equal(held_out.inputs, d.inputs + 83 * d.sample);
    assert_ptr_equal(held_out.labels, d.labels + 83);
    fw_dataset_split(&d, 0.0, &train, &held_out);
    assert_int_equal(train.n, 103);
    assert_int_equal(held_out.n, 0);
    fw_dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_specification_is_refused),
        cmocka_unit_test(
            a_size_that_overflows_is_refused_before_memory_is_taken),
        cmocka_unit_test(the_same_seed_draws_the_same_digits),
        cmocka_unit_test(digits_are_ten_classes_of_ink_on_black),
        cmocka_unit_test(the_last_fifth_is_for_validation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
