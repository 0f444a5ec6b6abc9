/* Floats survive a file bit by bit, and a file that is not whole is refused. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/safetensors.h"
#include "tests/unit/store/fixture.h"

#define N 9 /* elements of LIST */

static struct fw_tensor_spec SPECS[] = {
    {"weight \"q\"/\xc3\xa9", 2, {2, 3}},
    {"bias", 1, {2}},
    {"scale", 0, {0}},
    {"empty", 2, {0, 7}},
};
static const struct fw_tensor_list LIST = {SPECS, 4};

static const float VALUES[N] = {0.0f,          -0.0f,  1e-45f,
                                3.4028234e38f, -1.5f,  1.17549435e-38f,
                                0.1f,          -1e30f, 42.0f};

/* Write VALUES and a text; the caller frees the path. */
static char *write_sample(const struct fixture *f, const char *name,
                          const float *values)
{
    char *path = fixture_path(f, name);
    const struct fw_disk *d = fw_disk_real();
    struct fw_safetensors_part part = {"", &LIST,
                                       fw_floats_flat((float *)values)};
    struct fw_safetensors_text text = {"note", "two words"};
    struct fw_safetensors_content content = {&part, 1, &text, 1};
    int fd;

    assert_int_equal(
        fw_disk_open(d, path, O_WRONLY | O_CREAT | O_TRUNC, &fd, NULL), FW_OK);
    assert_int_equal(fw_safetensors_write(d, fd, path, &content, NULL), FW_OK);
    assert_int_equal(fw_disk_close(d, path, fd, NULL), FW_OK);
    return path;
}

static fw_status open_file(struct fw_safetensors_file *f, const char *path,
                           struct fw_err *err)
{
    return fw_safetensors_open(f, fw_disk_real(), path, 0, err);
}

static void floats_come_back_bit_by_bit(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    struct fw_safetensors_file f;
    float back[N];

    assert_int_equal(open_file(&f, path, NULL), FW_OK);
    assert_int_equal(fw_safetensors_verify(&f, NULL), FW_OK);
    assert_string_equal(fw_safetensors_text(&f.table, "note"), "two words");
    assert_null(fw_safetensors_text(&f.table, "nothing"));
    assert_int_equal(
        fw_safetensors_load(&f, "", &LIST, fw_floats_flat(back), NULL), FW_OK);
    assert_memory_equal(back, VALUES, sizeof(back));
    fw_safetensors_file_close(&f);
    fw_safetensors_file_close(&f);
    free(path);
}

static void the_same_content_makes_the_same_bytes(void **state)
{
    char *a = write_sample(*state, "a.safetensors", VALUES);
    char *b = write_sample(*state, "b.safetensors", VALUES);
    struct fw_bytes x = read_all(a);
    struct fw_bytes y = read_all(b);

    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.data, y.data, x.n);
    fw_bytes_close(&x);
    fw_bytes_close(&y);
    free(a);
    free(b);
}

static void a_plain_python_reader_sees_the_same(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    char *command;
    char output[1024] = "";
    FILE *python;

    assert_true(asprintf(&command,
                         "/usr/bin/python3 -B "
                         "tests/support/read_safetensors.py '%s'",
                         path) > 0);
    python = popen(command, "re");
    assert_non_null(python);
    assert_true(fread(output, 1, sizeof(output) - 1, python) > 0);
    assert_int_equal(pclose(python), 0);
    assert_non_null(strstr(output, "text note two words\n"));
    assert_non_null(strstr(output, "tensor bias [2] 0.100000001 -1.00000002e+30"
                                   "\n"));
    assert_non_null(strstr(output, "tensor scale [] 42\n"));
    assert_non_null(strstr(output, "tensor empty [0, 7] \n"));
    assert_non_null(strstr(output, "tensor weight \"q\"/\xc3\xa9 [2, 3] 0 -0 "
                                   "1.40129846e-45 3.40282347e+38 -1.5 "
                                   "1.17549435e-38\n"));
    free(command);
    free(path);
}

static void every_truncated_file_is_refused_with_its_name(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    struct fw_bytes whole = read_all(path);

    for (size_t n = 0; n < whole.n; n++) {
        struct fw_safetensors_file f;
        struct fw_err err = {0};

        write_all(path, whole.data, n);
        assert_int_equal(open_file(&f, path, &err), FW_CORRUPT);
        assert_non_null(strstr(err.text, "a.safetensors"));
        assert_null(f.header);
    }
    fw_bytes_close(&whole);
    free(path);
}

static void every_flipped_bit_is_found(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    struct fw_bytes whole = read_all(path);

    for (size_t bit = 0; bit < whole.n * 8; bit++) {
        struct fw_safetensors_file f;
        fw_status s;

        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_all(path, whole.data, whole.n);
        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        s = open_file(&f, path, NULL);
        if (s == FW_OK)
            s = fw_safetensors_verify(&f, NULL);
        assert_int_equal(s, FW_CORRUPT);
        fw_safetensors_file_close(&f);
    }
    fw_bytes_close(&whole);
    free(path);
}

static void what_follows_the_data_is_refused(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    struct fw_bytes whole = read_all(path);
    struct fw_safetensors_file f;
    struct fw_err err;

    assert_int_equal(fw_bytes_append(&whole, "PK", 2), FW_OK);
    write_all(path, whole.data, whole.n);
    assert_int_equal(open_file(&f, path, &err), FW_CORRUPT);
    assert_non_null(strstr(err.text, "the file has"));
    fw_bytes_close(&whole);
    free(path);
}

#define F32(shape, offsets)                                                    \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void headers_that_break_the_format_are_refused(void **state)
{
    static const struct {
        const char *json;
        const char *why;
    } bad[] = {
        {"", "no header"},
        {" {}", "no header"},
        {"[]", "no header"},
        {"{", "header:"},
        {"{} x", "header:"},
        {"{\"a\xff\":1}", "header:"},
        {"{\"a\":" F32("[2]", "[0,8]") ",\"a\":" F32("[0]", "[8,8]") "}",
         "duplicate"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],"
         "\"data_offsets\":[0,8]}}",
         "duplicate"},
        {"{}", "take 0 bytes, the file has 8"},
        {"{\"a\":" F32("[1]", "[0,4]") "}", "take 4 bytes"},
        {"{\"a\":" F32("[3]", "[0,12]") "}", "take 12 bytes"},
        {"{\"a\":" F32("[1]", "[4,8]") "}", "a hole in the data before 'a'"},
        {"{\"a\":" F32("[1]", "[0,4]") ",\"b\":" F32("[2]", "[0,8]") "}",
         "an overlap in the data before 'b'"},
        {"{\"a\":" F32("[2]", "[0,8]") ",\"b\":" F32("[1]", "[4,8]") "}",
         "an overlap in the data before 'b'"},
        {"{\"a\":" F32("[1]", "[0,8]") "}", "disagree"},
        {"{\"a\":" F32("[2]", "[8,0]") "}", "disagree"},
        {"{\"a\":" F32("[-2]", "[0,8]") "}", "axis 0"},
        {"{\"a\":" F32("[2.0]", "[0,8]") "}", "axis 0"},
        {"{\"a\":" F32("[\"2\"]", "[0,8]") "}", "axis 0"},
        {"{\"a\":" F32("2", "[0,8]") "}", "no list of sizes"},
        {"{\"a\":" F32("[4611686018427387904,4]", "[0,8]") "}", "overflows"},
        {"{\"a\":" F32("[99999999999999999999]", "[0,8]") "}", "header:"},
        {"{\"a\":" F32("[2]", "[0]") "}", "not two offsets"},
        {"{\"a\":" F32("[2]", "[0,8,8]") "}", "not two offsets"},
        {"{\"a\":" F32("[2]", "[-8,0]") "}", "not two offsets"},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}",
         "dtype 'F33' is unknown"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", "it is not dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],"
         "\"x\":1}}",
         "it is not dtype"},
        {"{\"a\":7}", "it is not dtype"},
        {"{\"__metadata__\":7}", "not an object"},
        {"{\"__metadata__\":{\"k\":7}}", "'k' is not a text"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fw_safetensors out;
        struct fw_err err = {0};

        assert_int_equal(fw_safetensors_parse((const uint8_t *)bad[i].json,
                                              strlen(bad[i].json), 8, &out,
                                              &err),
                         FW_CORRUPT);
        if (!strstr(err.text, bad[i].why))
            fail_msg("%s: '%s', not '%s'", bad[i].json, err.text, bad[i].why);
        assert_null(out.items);
    }
}

static void what_the_format_allows_is_read(void **state)
{
    static const char json[] = "{\"b\":" F32("[1]", "[4,8]") ",\"empty\":" F32(
        "[0,3]", "[4,4]") ","
                          "\"a\":{\"data_offsets\":[0,4],\"shape\":[],"
                          "\"dtype\":\"I32\"},"
                          "\"__metadata__\":{}}   ";
    struct fw_safetensors out;

    (void)state;
    assert_int_equal(fw_safetensors_parse((const uint8_t *)json, strlen(json),
                                          8, &out, NULL),
                     FW_OK);
    assert_int_equal(out.n, 3);
    assert_string_equal(out.items[0].name, "a");
    assert_int_equal(out.items[0].rank, 0);
    assert_false(out.items[0].f32);
    assert_int_equal(out.items[2].end, 0 + 4);
    fw_safetensors_close(&out);
    fw_safetensors_close(&out);
}

static void a_length_beyond_the_file_is_refused(void **state)
{
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7,
                                       FW_SAFETENSORS_HEADER_MAX + 1, 9, 3};
    char *path = fixture_path(*state, "a.safetensors");

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t raw[10] = "........{}";
        struct fw_safetensors_file f;

        memcpy(raw, &lengths[i], sizeof(lengths[i]));
        write_all(path, raw, sizeof(raw));
        assert_int_equal(open_file(&f, path, NULL), FW_CORRUPT);
    }
    free(path);
}

/* Load the sample for a list of one changed spec. */
static void assert_refused(struct fw_safetensors_file *f,
                           const struct fw_tensor_list *list,
                           const char *reason, const char *name)
{
    float back[64];
    struct fw_err err = {0};

    assert_int_equal(
        fw_safetensors_load(f, "", list, fw_floats_flat(back), &err),
        FW_INVALID);
    assert_string_equal(err.reason, reason);
    assert_non_null(strstr(err.text, name));
    assert_non_null(strstr(err.text, "a.safetensors"));
}

static void other_names_and_shapes_are_refused_by_name(void **state)
{
    char *path = write_sample(*state, "a.safetensors", VALUES);
    struct fw_tensor_spec specs[4];
    struct fw_tensor_list list = {specs, 4};
    struct fw_safetensors_file f;

    assert_int_equal(open_file(&f, path, NULL), FW_OK);
    memcpy(specs, SPECS, sizeof(specs));
    strcpy(specs[1].name, "bios");
    assert_refused(&f, &list, "UNKNOWN_TENSOR", "'bios'");
    memcpy(specs, SPECS, sizeof(specs));
    specs[0].shape[0] = 3;
    specs[0].shape[1] = 2;
    assert_refused(&f, &list, "SHAPE_MISMATCH", "weight");
    memcpy(specs, SPECS, sizeof(specs));
    specs[2].rank = 1;
    specs[2].shape[0] = 1;
    assert_refused(&f, &list, "SHAPE_MISMATCH", "scale");
    memcpy(specs, SPECS, sizeof(specs));
    list.n = 3;
    assert_refused(&f, &list, "UNKNOWN_TENSOR", "4 tensors");
    fw_safetensors_file_close(&f);
    free(path);
}

static void what_is_not_finite_is_refused_by_name(void **state)
{
    float values[N];
    char *path;
    struct fw_safetensors_file f;

    memcpy(values, VALUES, sizeof(values));
    values[8] = INFINITY;
    path = write_sample(*state, "a.safetensors", values);
    assert_int_equal(open_file(&f, path, NULL), FW_OK);
    assert_int_equal(fw_safetensors_verify(&f, NULL), FW_OK);
    assert_refused(&f, &LIST, "NON_FINITE", "'scale'");
    fw_safetensors_file_close(&f);
    free(path);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(floats_come_back_bit_by_bit),
        TEST(the_same_content_makes_the_same_bytes),
        TEST(a_plain_python_reader_sees_the_same),
        TEST(every_truncated_file_is_refused_with_its_name),
        TEST(every_flipped_bit_is_found),
        TEST(what_follows_the_data_is_refused),
        cmocka_unit_test(headers_that_break_the_format_are_refused),
        cmocka_unit_test(what_the_format_allows_is_read),
        TEST(a_length_beyond_the_file_is_refused),
        TEST(other_names_and_shapes_are_refused_by_name),
        TEST(what_is_not_finite_is_refused_by_name),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
