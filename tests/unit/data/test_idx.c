/* IDX files come in whole or are refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/data/dataset.h"
#include "tests/unit/data/folder.h"

#define N      3
#define HEIGHT 4
#define WIDTH  5
#define PIXELS (N * HEIGHT * WIDTH)

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

struct images {
    uint8_t header[16];
    uint8_t pixels[PIXELS];
};

struct labels {
    uint8_t header[8];
    uint8_t labels[N];
};

struct fixture {
    struct folder folder;
    struct images images;
    struct labels labels;
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    folder_open(&f->folder);
    f->images = (struct images){
        .header = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, HEIGHT, 0, 0, 0, WIDTH}};
    for (size_t i = 0; i < PIXELS; i++)
        f->images.pixels[i] = (uint8_t)(i * 4);
    f->images.pixels[PIXELS - 1] = 255;
    f->labels = (struct labels){{0, 0, 8, 1, 0, 0, 0, N}, {9, 0, 5}};
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

static void write_pair(struct fixture *f, bool packed)
{
    folder_write(&f->folder, packed ? IMAGES ".gz" : IMAGES,
                 (uint8_t *)&f->images, sizeof(f->images), packed);
    folder_write(&f->folder, packed ? LABELS ".gz" : LABELS,
                 (uint8_t *)&f->labels, sizeof(f->labels), packed);
}

static fw_status load(const struct fixture *f, struct fw_dataset *d,
                      struct fw_err *err)
{
    char spec[FOLDER_PATH + 8];

    (void)snprintf(spec, sizeof(spec), "idx:%s", f->folder.path);
    return fw_dataset_load(d, spec, err);
}

static void assert_is_sample(const struct fixture *f)
{
    struct fw_dataset d = {0};
    struct fw_err err = {0};

    if (load(f, &d, &err) != FW_OK)
        fail_msg("%s", err.text);
    assert_int_equal(d.n, N);
    assert_int_equal(d.shape.channels, 1);
    assert_int_equal(d.shape.height, HEIGHT);
    assert_int_equal(d.shape.width, WIDTH);
    assert_int_equal(d.classes, 10);
    for (size_t i = 0; i < PIXELS; i++)
        assert_true(d.inputs[i] == (float)f->images.pixels[i] / 255.0f);
    for (size_t i = 0; i < N; i++)
        assert_true(d.labels[i] == (float)f->labels.labels[i]);
    fw_dataset_close(&d);
    fw_dataset_close(&d);
}

/* Refused with `code`, and the text has both phrases. */
static void assert_refused(const struct fixture *f, fw_status code,
                           const char *file, const char *what)
{
    struct fw_dataset d = {0};
    struct fw_err err = {0};

    assert_int_equal(load(f, &d, &err), code);
    if (!strstr(err.text, file) || !strstr(err.text, what))
        fail_msg("'%s' has no '%s' or no '%s'", err.text, file, what);
    assert_null(d.inputs);
    assert_null(d.labels);
}

static void a_pair_comes_in_as_shares_of_255(void **state)
{
    write_pair(*state, false);
    assert_is_sample(*state);
}

static void a_packed_pair_is_the_same(void **state)
{
    write_pair(*state, true);
    assert_is_sample(*state);
}

static void every_truncated_file_is_refused_with_its_name(void **state)
{
    struct fixture *f = *state;

    for (size_t n = 0; n < sizeof(f->images); n++) {
        write_pair(f, false);
        folder_cut(&f->folder, IMAGES, n);
        assert_refused(f, FW_CORRUPT, IMAGES, "truncated");
    }
    for (size_t n = 0; n < sizeof(f->labels); n++) {
        write_pair(f, false);
        folder_cut(&f->folder, LABELS, n);
        assert_refused(f, FW_CORRUPT, LABELS, "truncated");
    }
}

/* Too short to be known for gzip, it is a foreign file. */
static void every_truncated_packed_file_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t whole;

    write_pair(f, true);
    whole = folder_size(&f->folder, IMAGES ".gz");
    for (size_t n = 0; n < whole; n++) {
        write_pair(f, true);
        folder_cut(&f->folder, IMAGES ".gz", n);
        assert_refused(f, FW_CORRUPT, IMAGES ".gz", "");
    }
}

static void a_file_that_goes_on_is_refused(void **state)
{
    struct fixture *f = *state;

    f->images.header[7] = N - 1;
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, IMAGES, "too long");
}

static void a_packed_file_that_goes_on_is_refused(void **state)
{
    struct fixture *f = *state;

    f->images.header[7] = N - 1;
    write_pair(f, true);
    assert_refused(f, FW_CORRUPT, IMAGES ".gz", "too long");
}

static void a_foreign_magic_is_refused(void **state)
{
    struct fixture *f = *state;

    f->images.header[2] = 0xd; /* floats */
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, IMAGES, "0x00000d03");
    f->images.header[2] = 8;
    f->labels.header[3] = 3; /* images for labels */
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, LABELS, "0x00000803");
}

static void a_header_cannot_ask_for_more_than_the_file_may_fill(void **state)
{
    struct fixture *f = *state;

    memset(f->images.header + 4, 0xff, 4); /* 2^32 - 1 images */
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, IMAGES, "truncated");
}

static void a_packed_header_cannot_either(void **state)
{
    struct fixture *f = *state;

    memset(f->images.header + 4, 0xff, 4);
    write_pair(f, true);
    assert_refused(f, FW_CORRUPT, IMAGES ".gz", "cannot hold");
}

static void sides_of_nothing_or_too_much_are_refused(void **state)
{
    struct fixture *f = *state;

    f->images.header[11] = 0;
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, IMAGES, "3 images of 0 x 5");
    f->images.header[8] = 0x7f;
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, IMAGES, "sides of 1 to 1024");
}

static void a_label_above_nine_is_refused_with_its_place(void **state)
{
    struct fixture *f = *state;

    f->labels.labels[1] = 10;
    write_pair(f, false);
    assert_refused(f, FW_CORRUPT, LABELS, "label 1 is 10");
}

static void more_labels_than_images_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, N + 1, 1, 2, 3, 4};

    write_pair(f, false);
    folder_write(&f->folder, LABELS, labels, sizeof(labels), false);
    assert_refused(f, FW_CORRUPT, LABELS, "4 labels for 3 images");
}

static void a_folder_without_files_says_what_it_looked_for(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, FW_NOT_FOUND, f->folder.path, "t10k-images");
    folder_write(&f->folder, IMAGES, (uint8_t *)&f->images, sizeof(f->images),
                 false);
    assert_refused(f, FW_NOT_FOUND, f->folder.path, LABELS);
}

static void mnist_is_read(void **state)
{
    const char *shared = getenv("FLYWHEEL_SHARED");
    struct fw_dataset d = {0};
    struct fw_samples train;
    struct fw_samples held_out;
    char dir[1024];
    char spec[1024 + 8];

    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/data/mnist10k",
                   shared ? shared : "../shared");
    if (access(dir, R_OK) != 0) {
        print_message("SKIPPED: no real data at %s (FLYWHEEL_SHARED)\n", dir);
        skip();
    }
    (void)snprintf(spec, sizeof(spec), "idx:%s", dir);
    assert_int_equal(fw_dataset_load(&d, spec, NULL), FW_OK);
    assert_int_equal(d.n, 10000);
    assert_int_equal(d.sample, 784);
    assert_true(d.labels[0] == 7.0f); /* its first image is a seven */
    fw_dataset_split(&d, FW_DATASET_VALIDATION, &train, &held_out);
    assert_int_equal(train.n, 8000);
    assert_int_equal(held_out.n, 2000);
    fw_dataset_close(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pair_comes_in_as_shares_of_255),
        TEST(a_packed_pair_is_the_same),
        TEST(every_truncated_file_is_refused_with_its_name),
        TEST(every_truncated_packed_file_is_refused),
        TEST(a_file_that_goes_on_is_refused),
        TEST(a_packed_file_that_goes_on_is_refused),
        TEST(a_foreign_magic_is_refused),
        TEST(a_header_cannot_ask_for_more_than_the_file_may_fill),
        TEST(a_packed_header_cannot_either),
        TEST(sides_of_nothing_or_too_much_are_refused),
        TEST(a_label_above_nine_is_refused_with_its_place),
        TEST(more_labels_than_images_are_refused),
        TEST(a_folder_without_files_says_what_it_looked_for),
        cmocka_unit_test(mnist_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
