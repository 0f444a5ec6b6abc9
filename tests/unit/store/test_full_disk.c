/* A disk that is full or fails keeps what is on it, and what is wrong is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/store/sample.h"

/* The real disk, but that it is nearly full, and fsync fails at first. */
struct full_disk {
    struct fw_disk disk;
    int64_t room;
    unsigned fsyncs_to_fail;
    int failed_fd; /* of the file whose fsync failed, while it is open */
    bool again;    /* it was fsynced again */
};

static int64_t little_room(void *user, const char *path)
{
    (void)path;
    return ((struct full_disk *)user)->room;
}

static int no_fsync(void *user, int fd)
{
    struct full_disk *f = user;

    f->again = f->again || fd == f->failed_fd;
    if (!f->fsyncs_to_fail)
        return fw_disk_real()->fsync(NULL, fd);
    f->fsyncs_to_fail--;
    f->failed_fd = fd;
    return -EIO;
}

static int note_close(void *user, int fd)
{
    struct full_disk *f = user;

    if (fd == f->failed_fd)
        f->failed_fd = -1;
    return fw_disk_real()->close(NULL, fd);
}

static void full_disk_init(struct full_disk *f)
{
    *f = (struct full_disk){
        .disk = *fw_disk_real(), .room = INT64_MAX, .failed_fd = -1};
    f->disk.user = f;
    f->disk.room = little_room;
    f->disk.fsync = no_fsync;
    f->disk.close = note_close;
}

static void a_full_disk_keeps_what_there_is(void **state)
{
    struct full_disk full;
    struct fw_store store;
    struct fw_err err;
    struct sample s;

    sample_open(&s);
    full_disk_init(&full);
    sample_prepare(&store, state, &full.disk);
    assert_int_equal(sample_save(&store, &s, 1, NULL), FW_OK);
    full.room = N * 2 * sizeof(float); /* no fifth to spare */
    assert_int_equal(sample_save(&store, &s, 2, &err), FW_IO);
    assert_non_null(strstr(err.text, "the disk is full"));
    sample_assert_found(&store, &s, 1, 0);
    full.room = N * 3 * sizeof(float);
    assert_int_equal(sample_save(&store, &s, 3, &err), FW_OK);
    sample_assert_found(&store, &s, 3, 0);
    sample_close(&s);
}

static void a_file_whose_fsync_failed_is_never_synced_again(void **state)
{
    struct full_disk full;
    struct fw_store store;
    struct sample s;

    sample_open(&s);
    full_disk_init(&full);
    sample_prepare(&store, state, &full.disk);
    assert_int_equal(sample_save(&store, &s, 1, NULL), FW_OK);
    full.fsyncs_to_fail = 1;
    assert_int_equal(sample_save(&store, &s, 2, NULL), FW_IO);
    assert_false(sample_exists(state, "checkpoint-2.safetensors"));
    assert_false(sample_exists(state, "checkpoint-2.safetensors.tmp"));
    assert_false(full.again);
    sample_assert_found(&store, &s, 1, 0);
    assert_int_equal(sample_save(&store, &s, 2, NULL), FW_OK);
    sample_assert_found(&store, &s, 2, 0);
    sample_close(&s);
}

static void files_are_listed_and_told_good_from_bad(void **state)
{
    struct fw_checkpoint_list all;
    struct fw_store store;
    struct sample s;
    struct fw_bytes raw;
    char *path;

    sample_open(&s);
    sample_prepare(&store, state, fw_disk_real());
    assert_int_equal(sample_save(&store, &s, 1, NULL), FW_OK);
    assert_int_equal(sample_save(&store, &s, 2, NULL), FW_OK);
    path = sample_path(state, "checkpoint-1.safetensors");
    raw = read_all(path);
    raw.data[raw.n / 2] ^= 1;
    write_all(path, raw.data, raw.n);
    assert_int_equal(fw_checkpoint_list(&store, "digits", &all, NULL), FW_OK);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.items[0].version, 2);
    assert_int_equal(all.items[1].bytes, raw.n);
    for (uint32_t i = 0; i < all.n; i++)
        assert_int_equal(fw_checkpoint_verify(&store, "digits", &all.items[i]),
                         FW_OK);
    assert_int_equal(all.items[0].state, FW_CHECKPOINT_GOOD);
    assert_int_equal(all.items[1].state, FW_CHECKPOINT_BROKEN);
    assert_true(all.items[1].detail[0] != '\0');
    assert_true(sample_exists(state, "checkpoint-1.safetensors"));
    fw_checkpoint_list_close(&all);
    fw_bytes_close(&raw);
    free(path);
    sample_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_what_there_is,
                                        fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(
            a_file_whose_fsync_failed_is_never_synced_again, fixture_open,
            fixture_close),
        cmocka_unit_test_setup_teardown(files_are_listed_and_told_good_from_bad,
                                        fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
