/* One server a data folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/lock.h"
#include "tests/unit/store/fixture.h"

static void a_second_server_is_refused_and_told_the_first(void **state)
{
    char *folder = fixture_path(*state, "data");
    struct fw_lock first;
    struct fw_lock second;
    struct fw_err err;
    struct stat st;
    char pid[32];

    assert_int_equal(fw_lock_take(&first, folder, NULL), FW_OK);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(fw_lock_take(&second, folder, &err), FW_BUSY);
    snprintf(pid, sizeof(pid), "process %ld)", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    assert_non_null(strstr(err.text, folder));
    fw_lock_close(&second);
    fw_lock_close(&first);
    fw_lock_close(&first);
    assert_int_equal(fw_lock_take(&second, folder, NULL), FW_OK);
    fw_lock_close(&second);
    free(folder);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    char *folder = fixture_path(*state, "no/such/parent");
    struct fw_lock lock;
    struct fw_err err;

    assert_int_equal(fw_lock_take(&lock, folder, &err), FW_IO);
    assert_non_null(strstr(err.text, folder));
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_false(lock.taken);
    free(folder);
}

static void a_file_in_its_place_is_refused(void **state)
{
    char *folder = fixture_path(*state, "data");
    struct fw_lock lock;
    struct fw_err err;

    write_all(folder, "", 0);
    assert_int_equal(fw_lock_take(&lock, folder, &err), FW_IO);
    assert_non_null(strstr(err.text, "Not a directory"));
    free(folder);
}

static void a_link_in_place_of_the_lock_is_not_followed(void **state)
{
    char *target = fixture_path(*state, "target");
    char *link = fixture_path(*state, "lock");
    struct fw_lock lock;

    write_all(target, "precious", 8);
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(
        fw_lock_take(&lock, ((struct fixture *)*state)->folder, NULL), FW_IO);
    free(target);
    free(link);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(a_second_server_is_refused_and_told_the_first),
        TEST(a_folder_that_cannot_be_made_is_named),
        TEST(a_file_in_its_place_is_refused),
        TEST(a_link_in_place_of_the_lock_is_not_followed),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
