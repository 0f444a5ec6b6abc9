/* CIFAR-10 records come in woven, or the file is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/data/dataset.h"
#include "tests/unit/data/folder.h"

#define PLANE  1024
#define RECORD (1 + 3 * PLANE)
#define N      2 /* records a file */

struct fixture {
    struct folder folder;
    uint8_t records[N][RECORD];
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    folder_open(&f->folder);
    for (size_t r = 0; r < N; r++) {
        f->records[r][0] = (uint8_t)(9 - r);
        for (size_t i = 1; i < RECORD; i++)
            f->records[r][i] = (uint8_t)(i * 7 + r);
    }
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    folder_close(&f->folder);
    free(f);
    return 0;
}

static void write_batch(const struct fixture *f, const char *name)
{
    folder_write(&f->folder, name, f->records[0], sizeof(f->records), false);
}

static void assert_refused(const char *spec, fw_status code, const char *file,
                           const char *what)
{
    struct fw_dataset d = {0};
    struct fw_err err = {0};

    assert_int_equal(fw_dataset_load(&d, spec, &err), code);
    if (!strstr(err.text, file) || !strstr(err.text, what))
        fail_msg("'%s' has no '%s' or no '%s'", err.text, file, what);
    assert_null(d.inputs);
}

static void spec_of(const struct fixture *f, char spec[2 * FOLDER_PATH])
{
    (void)snprintf(spec, 2 * FOLDER_PATH, "cifar10:%s", f->folder.path);
}

static void planes_are_woven_together(void **state)
{
    struct fixture *f = *state;
    char spec[2 * FOLDER_PATH];
    struct fw_dataset d = {0};

    write_batch(f, "data_batch_1.bin");
    write_batch(f, "data_batch_3.bin");
    spec_of(f, spec);
    assert_int_equal(fw_dataset_load(&d, spec, NULL), FW_OK);
    assert_int_equal(d.n, 2 * N);
    assert_int_equal(d.shape.channels, 3);
    assert_int_equal(d.shape.height, 32);
    assert_int_equal(d.shape.width, 32);
    for (size_t i = 0; i < d.n; i++) {
        const uint8_t *record = f->records[i % N];

        assert_true(d.labels[i] == (float)record[0]);
        for (size_t k = 0; k < d.sample; k++)
            assert_true(d.inputs[i * d.sample + k] ==
                        (float)record[1 + k % 3 * PLANE + k / 3] / 255.0f);
    }
    fw_dataset_close(&d);
}

static void files_may_be_named(void **state)
{
    struct fixture *f = *state;
    char spec[3 * FOLDER_PATH];
    struct fw_dataset d = {0};

    write_batch(f, "a.bin");
    write_batch(f, "b.bin");
    (void)snprintf(spec, sizeof(spec), "cifar10:%s/a.bin,%s/b.bin",
                   f->folder.path, f->folder.path);
    assert_int_equal(fw_dataset_load(&d, spec, NULL), FW_OK);
    assert_int_equal(d.n, 2 * N);
    fw_dataset_close(&d);
}

static void a_cut_record_is_refused(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, RECORD - 1, RECORD + 1};
    char spec[2 * FOLDER_PATH];

    spec_of(f, spec);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        write_batch(f, "data_batch_2.bin");
        folder_cut(&f->folder, "data_batch_2.bin", sizes[i]);
        assert_refused(spec, FW_CORRUPT, "data_batch_2.bin", "truncated");
    }
}

static void a_label_above_nine_is_refused(void **state)
{
    struct fixture *f = *state;
    char spec[2 * FOLDER_PATH];

    f->records[1][0] = 10;
    write_batch(f, "data_batch_1.bin");
    spec_of(f, spec);
    assert_refused(spec, FW_CORRUPT, "data_batch_1.bin", "record 1 is 10");
}

static void a_packed_file_is_refused(void **state)
{
    struct fixture *f = *state;
    char spec[2 * FOLDER_PATH];

    folder_write(&f->folder, "data_batch_1.bin", f->records[0],
                 sizeof(f->records), true);
    spec_of(f, spec);
    assert_refused(spec, FW_CORRUPT, "data_batch_1.bin", "gzip");
}

static void nothing_there_is_not_found(void **state)
{
    char spec[2 * FOLDER_PATH];

    spec_of(*state, spec);
    assert_refused(spec, FW_NOT_FOUND, "data_batch_1.bin", "no ");
    assert_refused("cifar10:/nonexistent/x.bin", FW_NOT_FOUND,
                   "/nonexistent/x.bin", "No such file");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(planes_are_woven_together), TEST(files_may_be_named),
        TEST(a_cut_record_is_refused),   TEST(a_label_above_nine_is_refused),
        TEST(a_packed_file_is_refused),  TEST(nothing_there_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
