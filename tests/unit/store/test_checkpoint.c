/* Whatever the disk does, the newest good checkpoint is found again. */
#include <errno.h>
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

#include "sdk/base/random.h"
#include "server/store/checkpoint.h"
#include "tests/unit/store/sample.h"

static void a_job_comes_back_bit_by_bit(void **state)
{
    struct fw_store store;
    struct sample s;
    struct stat st;
    char *path = sample_path(state, "checkpoint-12.safetensors");

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 12, NULL), FW_OK);
    sample_assert_found(&store, &s, 12, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(path);
    sample_close(&s);
}

static void only_the_newest_three_are_kept(void **state)
{
    static const uint64_t versions[] = {1, 9, 10, 99, 100};
    struct fw_store store;
    struct sample s;

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(sample_save(&store, &s, versions[i], NULL), FW_OK);
    assert_false(sample_exists(state, "checkpoint-1.safetensors"));
    assert_false(sample_exists(state, "checkpoint-9.safetensors"));
    assert_true(sample_exists(state, "checkpoint-10.safetensors"));
    assert_true(sample_exists(state, "checkpoint-99.safetensors"));
    sample_assert_found(&store, &s, 100, 0);
    sample_close(&s);
}

static void spoil(void **state, const char *name)
{
    char *path = sample_path(state, name);
    struct fw_bytes raw = read_all(path);

    raw.data[raw.n / 2] ^= 1;
    write_all(path, raw.data, raw.n);
    fw_bytes_close(&raw);
    free(path);
}

static void a_bad_one_is_set_aside_and_the_one_before_found(void **state)
{
    struct fw_checkpoint_file f;
    struct fw_store store;
    struct sample s;
    char *cut = sample_path(state, "checkpoint-4.safetensors");

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    for (uint64_t v = 2; v <= 4; v++)
        assert_int_equal(sample_save(&store, &s, v, NULL), FW_OK);
    assert_int_equal(truncate(cut, 1000), 0);
    spoil(state, "checkpoint-3.safetensors");
    sample_assert_found(&store, &s, 2, 2);
    assert_true(sample_exists(state, "checkpoint-4.safetensors.bad"));
    assert_true(sample_exists(state, "checkpoint-3.safetensors.bad"));
    assert_false(sample_exists(state, "checkpoint-3.safetensors"));
    sample_assert_found(&store, &s, 2, 0);
    spoil(state, "checkpoint-2.safetensors");
    assert_int_equal(fw_checkpoint_find(&store, "digits", &f, NULL),
                     FW_NOT_FOUND);
    free(cut);
    sample_close(&s);
}

static void a_file_under_another_name_is_set_aside(void **state)
{
    struct fw_store store;
    struct sample s;
    char *from = sample_path(state, "checkpoint-5.safetensors");
    char *to = sample_path(state, "checkpoint-6.safetensors");

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 4, NULL), FW_OK);
    assert_int_equal(sample_save(&store, &s, 5, NULL), FW_OK);
    assert_int_equal(rename(from, to), 0);
    sample_assert_found(&store, &s, 4, 1);
    free(from);
    free(to);
    sample_close(&s);
}

static void leftovers_of_a_crash_are_removed(void **state)
{
    struct fw_store store;
    struct sample s;
    char *path = sample_path(state, "checkpoint-9.safetensors.tmp");

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 8, NULL), FW_OK);
    write_all(path, "half", 4);
    assert_int_equal(sample_save(&store, &s, 9, NULL), FW_OK);
    write_all(path, "half", 4);
    sample_assert_found(&store, &s, 9, 0);
    assert_false(sample_exists(state, "checkpoint-9.safetensors.tmp"));
    free(path);
    sample_close(&s);
}

/* Save version 2 over 1 with each disk call failing in turn. */
static void sweep(void **state, bool sticky)
{
    struct fw_store store;
    struct faulty_disk faulty;
    struct sample s;
    char *path = sample_path(state, "checkpoint-1.safetensors");
    struct fw_bytes before;
    unsigned n_failed = 0;
    unsigned n = 0;

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 1, NULL), FW_OK);
    before = read_all(path);
    for (;; n++) {
        struct fw_bytes after;
        struct fw_err err = {0};
        fw_status status;

        faulty_disk_init(&faulty, n, sticky);
        store.disk = &faulty.disk;
        status = sample_save(&store, &s, 2, &err);
        store.disk = fw_disk_real();
        after = read_all(path);
        assert_int_equal(after.n, before.n);
        assert_memory_equal(after.data, before.data, before.n);
        fw_bytes_close(&after);
        if (status != FW_OK) {
            n_failed++;
            assert_int_equal(status, FW_IO);
            assert_non_null(strstr(err.text, "checkpoint: cannot "));
        }
        sample_assert_found(
            &store, &s,
            sample_exists(state, "checkpoint-2.safetensors") ? 2 : 1, 0);
        if (faulty.calls <= n)
            break; /* no call was left to fail */
    }
    assert_int_equal(n, faulty.calls);
    assert_true(n_failed >= 10);
    fw_bytes_close(&before);
    free(path);
    sample_close(&s);
}

static void one_failed_call_leaves_the_checkpoint_before(void **state)
{
    sweep(state, false);
}

static void a_disk_that_stays_broken_leaves_the_checkpoint_before(void **state)
{
    sweep(state, true);
}

static void a_slow_interrupted_disk_is_good_enough(void **state)
{
    struct faulty_disk faulty;
    struct fw_store store;
    struct sample s;

    sample_open(&s);
    faulty_disk_init(&faulty, UINT_MAX, false);
    faulty.dribble = true;
    sample_prepare(&store, state, &faulty.disk);
    assert_int_equal(sample_save(&store, &s, 3, NULL), FW_OK);
    sample_assert_found(&store, &s, 3, 0);
    sample_close(&s);
}

static void a_disk_that_cannot_be_read_condemns_no_file(void **state)
{
    struct faulty_disk faulty;
    struct fw_store store;
    struct sample s;
    unsigned n_failed = 0;
    fw_status status = FW_IO;

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 3, NULL), FW_OK);
    for (unsigned n = 0; status != FW_OK; n++) {
        struct fw_checkpoint_file f;

        faulty_disk_init(&faulty, n, true);
        store.disk = &faulty.disk;
        status = fw_checkpoint_find(&store, "digits", &f, NULL);
        n_failed += status != FW_OK;
        assert_true(status == FW_OK || status == FW_IO);
        assert_true(sample_exists(state, "checkpoint-3.safetensors"));
        fw_checkpoint_file_close(&f);
    }
    assert_true(n_failed >= 4); /* list, open, size, reads */
    sample_close(&s);
}

static void jobs_are_listed_and_removed(void **state)
{
    struct fw_store store;
    struct fw_job_names names;
    struct sample s;
    char *foreign = fixture_path(*state, "jobs/.hidden");

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    write_all(foreign, "", 0);
    assert_int_equal(sample_save(&store, &s, 3, NULL), FW_OK);
    strcpy(s.spec.name, "another");
    assert_int_equal(sample_save(&store, &s, 3, NULL), FW_OK);
    assert_int_equal(fw_checkpoint_jobs(&store, &names, NULL), FW_OK);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.items[0], "another");
    assert_string_equal(names.items[1], "digits");
    fw_job_names_close(&names);
    assert_int_equal(fw_checkpoint_remove(&store, "digits", NULL), FW_OK);
    assert_int_equal(fw_checkpoint_remove(&store, "digits", NULL), FW_OK);
    assert_int_equal(fw_checkpoint_jobs(&store, &names, NULL), FW_OK);
    assert_int_equal(names.n, 1);
    fw_job_names_close(&names);
    free(foreign);
    sample_close(&s);
}

static void a_name_that_leaves_the_folder_is_refused(void **state)
{
    struct fw_checkpoint_file f;
    struct fw_store store;
    struct fw_err err;

    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(fw_checkpoint_find(&store, "../x", &f, &err), FW_INVALID);
    assert_string_equal(err.reason, "NAME_INVALID");
    assert_int_equal(fw_checkpoint_remove(&store, "..", &err), FW_INVALID);
    assert_int_equal(fw_checkpoint_find(&store, "none", &f, &err),
                     FW_NOT_FOUND);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(a_job_comes_back_bit_by_bit),
        TEST(only_the_newest_three_are_kept),
        TEST(a_bad_one_is_set_aside_and_the_one_before_found),
        TEST(a_file_under_another_name_is_set_aside),
        TEST(leftovers_of_a_crash_are_removed),
        TEST(one_failed_call_leaves_the_checkpoint_before),
        TEST(a_disk_that_stays_broken_leaves_the_checkpoint_before),
        TEST(a_slow_interrupted_disk_is_good_enough),
        TEST(a_disk_that_cannot_be_read_condemns_no_file),
        TEST(jobs_are_listed_and_removed),
        TEST(a_name_that_leaves_the_folder_is_refused),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
