/* Bearer tokens: who they are, and that only their hashes are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "server/store/tokens.h"
#include "tests/unit/store/fixture.h"

#define NOW 1700000000

static void a_token_is_found_again_after_it_was_saved(void **state)
{
    char *path = fixture_path(*state, "tokens");
    char worker[FW_TOKEN_TEXT_MAX + 1];
    char viewer[FW_TOKEN_TEXT_MAX + 1];
    struct fw_tokens made = {0};
    struct fw_tokens read = {0};
    const struct fw_token *t;

    assert_int_equal(
        fw_tokens_add(&made, FW_ROLE_WORKER, "digits", NOW, worker, NULL),
        FW_OK);
    assert_int_equal(
        fw_tokens_add(&made, FW_ROLE_VIEWER, "", NOW + 1, viewer, NULL), FW_OK);
    assert_string_not_equal(worker, viewer);
    assert_int_equal(fw_tokens_save(path, &made, NULL), FW_OK);
    assert_int_equal(fw_tokens_load(path, &read, NULL), FW_OK);
    t = fw_tokens_find(&read, worker, strlen(worker));
    assert_non_null(t);
    assert_int_equal(t->role, FW_ROLE_WORKER);
    assert_string_equal(t->job, "digits");
    assert_int_equal(t->created_s, NOW);
    t = fw_tokens_find(&read, viewer, strlen(viewer));
    assert_non_null(t);
    assert_int_equal(t->role, FW_ROLE_VIEWER);
    assert_string_equal(t->job, "");
    fw_tokens_close(&read);
    fw_tokens_close(&read);
    fw_tokens_close(&made);
    free(path);
}

static void the_file_has_no_secret_and_only_its_owner_reads_it(void **state)
{
    char *path = fixture_path(*state, "tokens");
    char text[FW_TOKEN_TEXT_MAX + 1];
    struct fw_tokens t = {0};
    struct fw_bytes file;
    struct stat st;

    assert_int_equal(fw_tokens_add(&t, FW_ROLE_ADMIN, "", NOW, text, NULL),
                     FW_OK);
    assert_int_equal(fw_tokens_save(path, &t, NULL), FW_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    file = read_all(path);
    assert_null(memmem(file.data, file.n, strrchr(text, '_') + 1, 64));
    assert_non_null(memmem(file.data, file.n, t.items[0].id, FW_TOKEN_ID_MAX));
    fw_bytes_close(&file);
    fw_tokens_close(&t);
    free(path);
}

static void a_token_with_any_digit_changed_is_not_known(void **state)
{
    char text[FW_TOKEN_TEXT_MAX + 1];
    struct fw_tokens t = {0};
    size_t n;

    (void)state;
    assert_int_equal(fw_tokens_add(&t, FW_ROLE_ADMIN, "", NOW, text, NULL),
                     FW_OK);
    n = strlen(text);
    assert_non_null(fw_tokens_find(&t, text, n));
    for (size_t i = 0; i < n; i++) {
        char was = text[i];

        text[i] = was == '0' ? '1' : '0';
        assert_null(fw_tokens_find(&t, text, n));
        text[i] = was;
        assert_null(fw_tokens_find(&t, text, i));
    }
    assert_null(fw_tokens_find(&t, "", 0));
    fw_tokens_close(&t);
}

static void a_token_that_is_removed_is_gone(void **state)
{
    char text[3][FW_TOKEN_TEXT_MAX + 1];
    struct fw_tokens t = {0};
    char id[FW_TOKEN_ID_MAX + 1];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            fw_tokens_add(&t, FW_ROLE_VIEWER, "", NOW, text[i], NULL), FW_OK);
    memcpy(id, t.items[1].id, sizeof(id));
    assert_true(fw_tokens_remove(&t, id));
    assert_false(fw_tokens_remove(&t, id));
    assert_int_equal(t.n, 2);
    assert_non_null(fw_tokens_find(&t, text[0], strlen(text[0])));
    assert_null(fw_tokens_find(&t, text[1], strlen(text[1])));
    assert_non_null(fw_tokens_find(&t, text[2], strlen(text[2])));
    fw_tokens_close(&t);
}

static void a_line_that_is_no_token_is_refused_with_its_number(void **state)
{
    static const char *const bad[] = {
        "nonsense\n",
        "0123abcd king * "
        "0000000000000000000000000000000000000000000000000000000000000000 1\n",
        "0123abcd viewer bad/name "
        "0000000000000000000000000000000000000000000000000000000000000000 1\n",
        "0123abcd viewer * 00 1\n",
        "0123abcX viewer * "
        "0000000000000000000000000000000000000000000000000000000000000000 1\n",
    };
    char *path = fixture_path(*state, "tokens");

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct fw_tokens t = {0};
        struct fw_err err = {0};

        write_all(path, bad[i], strlen(bad[i]));
        assert_int_equal(fw_tokens_load(path, &t, &err), FW_CORRUPT);
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, "1"));
        assert_int_equal(t.n, 0);
    }
    free(path);
}

static void a_file_that_is_not_there_is_told_from_an_empty_one(void **state)
{
    char *path = fixture_path(*state, "tokens");
    struct fw_tokens t = {0};

    assert_int_equal(fw_tokens_load(path, &t, NULL), FW_NOT_FOUND);
    write_all(path, "", 0);
    assert_int_equal(fw_tokens_load(path, &t, NULL), FW_OK);
    assert_int_equal(t.n, 0);
    fw_tokens_close(&t);
    free(path);
}

static void roles_are_named_in_the_error_for_a_wrong_one(void **state)
{
    enum fw_role role;
    struct fw_err err = {0};

    (void)state;
    assert_int_equal(fw_role_parse("operator", &role, NULL), FW_OK);
    assert_int_equal(role, FW_ROLE_OPERATOR);
    assert_int_equal(fw_role_parse("root", &role, &err), FW_INVALID);
    assert_non_null(strstr(err.text, "root"));
    assert_non_null(strstr(err.text, "viewer"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_found_again_after_it_was_saved),
        TEST(the_file_has_no_secret_and_only_its_owner_reads_it),
        TEST(a_token_with_any_digit_changed_is_not_known),
        TEST(a_token_that_is_removed_is_gone),
        TEST(a_line_that_is_no_token_is_refused_with_its_number),
        TEST(a_file_that_is_not_there_is_told_from_an_empty_one),
        TEST(roles_are_named_in_the_error_for_a_wrong_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
