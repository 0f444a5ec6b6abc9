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
#include "tests/unit/store/fixture.h"

#define ROWS 20000
#define N    (ROWS * 10 + 3) /* more than a block */

static struct fw_tensor_spec SPECS[] = {{"weight", 2, {ROWS, 10}},
                                        {"bias", 1, {3}}};

/* A job and its floats, big enough for two blocks. */
struct sample {
    struct fw_job_spec spec;
    float *weights;
    float *momentum;
    struct fw_block blocks[2];
    struct fw_block *at[2];
};

static void sample_open(struct sample *s)
{
    struct fw_random r;

    memset(s, 0, sizeof(*s));
    strcpy(s->spec.name, "digits");
    s->spec.tensors = (struct fw_tensor_list){SPECS, 2};
    s->spec.controller.reference_momentum = 0.9;
    s->spec.controller.reference_learning_rate = 0.01;
    fw_job_spec_default(&s->spec);
    s->weights = calloc(2 * FW_BLOCK_ELEMENTS, sizeof(float));
    s->momentum = calloc(N, sizeof(float));
    assert_non_null(s->weights);
    assert_non_null(s->momentum);
    fw_random_init(&r, 3);
    for (size_t i = 0; i < N; i++) {
        s->weights[i] = (float)fw_random_normal(&r);
        s->momentum[i] = (float)fw_random_normal(&r);
    }
    for (size_t i = 0; i < 2; i++) {
        s->blocks[i].data = s->weights + i * FW_BLOCK_ELEMENTS;
        s->at[i] = &s->blocks[i];
    }
}

static void sample_close(struct sample *s)
{
    free(s->weights);
    free(s->momentum);
}

static fw_status save(const struct fw_store *store, struct sample *s,
                      uint64_t version, struct fw_err *err)
{
    char path[FW_PATH_MAX];
    struct fw_checkpoint c = {&s->spec,
                              version,
                              77,
                              fw_floats_blocks(s->at),
                              fw_floats_flat(s->momentum),
                              NULL};

    return fw_checkpoint_save(store, &c, path, err);
}

static void prepare(struct fw_store *store, void **state,
                    const struct fw_disk *disk)
{
    const struct fixture *f = *state;

    *store = (struct fw_store){disk, f->folder, 3};
    assert_int_equal(fw_store_prepare(store, NULL), FW_OK);
}

static char *job_path(void **state, const char *name)
{
    char relative[FW_PATH_MAX];

    snprintf(relative, sizeof(relative), "jobs/digits/%s", name);
    return fixture_path(*state, relative);
}

static bool exists(void **state, const char *name)
{
    char *path = job_path(state, name);
    bool there = access(path, F_OK) == 0;

    free(path);
    return there;
}

/* The newest good one is this, and holds the sample. */
static void assert_found(const struct fw_store *store, const struct sample *s,
                         uint64_t version, uint32_t n_bad)
{
    struct fw_checkpoint_file f;
    float *weights = calloc(N, sizeof(float));
    float *momentum = calloc(N, sizeof(float));

    assert_int_equal(fw_checkpoint_find(store, "digits", &f, NULL), FW_OK);
    assert_int_equal(f.version, version);
    assert_int_equal(f.incarnation, 77);
    assert_int_equal(f.n_bad, n_bad);
    assert_string_equal(f.spec.name, "digits");
    assert_int_equal(
        fw_tensor_list_match(&s->spec.tensors, &f.spec.tensors, NULL), FW_OK);
    assert_true(f.spec.controller.reference_momentum == 0.9);
    assert_int_equal(fw_checkpoint_load(&f, fw_floats_flat(weights),
                                        fw_floats_flat(momentum), NULL),
                     FW_OK);
    assert_memory_equal(weights, s->weights, N * sizeof(float));
    assert_memory_equal(momentum, s->momentum, N * sizeof(float));
    fw_checkpoint_file_close(&f);
    fw_checkpoint_file_close(&f);
    free(weights);
    free(momentum);
}

static void a_job_comes_back_bit_by_bit(void **state)
{
    struct fw_store store;
    struct sample s;
    struct stat st;
    char *path = job_path(state, "checkpoint-12.safetensors");

    sample_open(&s);
    prepare(&store, state, fw_disk_real());
    assert_int_equal(save(&store, &s, 12, NULL), FW_OK);
    assert_found(&store, &s, 12, 0);
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
    prepare(&store, state, fw_disk_real());
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(save(&store, &s, versions[i], NULL), FW_OK);
    assert_false(exists(state, "checkpoint-1.safetensors"));
    assert_false(exists(state, "checkpoint-9.safetensors"));
    assert_true(exists(state, "checkpoint-10.safetensors"));
    assert_true(exists(state, "checkpoint-99.safetensors"));
    assert_found(&store, &s, 100, 0);
    sample_close(&s);
}

static void spoil(void **state, const char *name)
{
    char *path = job_path(state, name);
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
    char *cut = job_path(state, "checkpoint-4.safetensors");

    sample_open(&s);
    prepare(&store, state, fw_disk_real());
    for (uint64_t v = 2; v <= 4; v++)
        assert_int_equal(save(&store, &s, v, NULL), FW_OK);
    assert_int_equal(truncate(cut, 1000), 0);
    spoil(state, "checkpoint-3.safetensors");
    assert_found(&store, &s, 2, 2);
    assert_true(exists(state, "checkpoint-4.safetensors.bad"));
    assert_true(exists(state, "checkpoint-3.safetensors.bad"));
    assert_false(exists(state, "checkpoint-3.safetensors"));
    assert_found(&store, &s, 2, 0);
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
    char *from = job_path(state, "checkpoint-5.safetensors");
    char *to = job_path(state, "checkpoint-6.safetensors");

    sample_open(&s);
    prepare(&store, state, fw_disk_real());
    assert_int_equal(save(&store, &s, 4, NULL), FW_OK);
    assert_int_equal(save(&store, &s, 5, NULL), FW_OK);
    assert_int_equal(rename(from, to), 0);
    assert_found(&store, &s, 4, 1);
    free(from);
    free(to);
    sample_close(&s);
}

static void leftovers_of_a_crash_are_removed(void **state)
{
    struct fw_store store;
    struct sample s;
    char *path = job_path(state, "checkpoint-9.safetensors.tmp");

    sample_open(&s);
    prepare(&store, state, fw_disk_real());
    assert_int_equal(save(&store, &s, 8, NULL), FW_OK);
    write_all(path, "half", 4);
    assert_int_equal(save(&store, &s, 9, NULL), FW_OK);
    write_all(path, "half", 4);
    assert_found(&store, &s, 9, 0);
    assert_false(exists(state, "checkpoint-9.safetensors.tmp"));
    free(path);
    sample_close(&s);
}

/* Save version 2 over 1 with each disk call failing in turn. */
static void sweep(void **state, bool sticky)
{
    struct fw_store store;
    struct faulty_disk faulty;
    struct sample s;
    char *path = job_path(state, "checkpoint-1.safetensors");
    struct fw_bytes before;
    unsigned n_failed = 0;
    unsigned n = 0;

    sample_open(&s);
    prepare(&store, state, fw_disk_real());
    assert_int_equal(save(&store, &s, 1, NULL), FW_OK);
    before = read_all(path);
    for (;; n++) {
        struct fw_bytes after;
        struct fw_err err = {0};
        fw_status status;

        faulty_disk_init(&faulty, n, sticky);
        store.disk = &faulty.disk;
        status = save(&store, &s, 2, &err);
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
        assert_found(&store, &s,
                     exists(state, "checkpoint-2.safetensors") ? 2 : 1, 0);
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
    prepare(&store, state, &faulty.disk);
    assert_int_equal(save(&store, &s, 3, NULL), FW_OK);
    assert_found(&store, &s, 3, 0);
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
    prepare(&store, state, fw_disk_real());
    assert_int_equal(save(&store, &s, 3, NULL), FW_OK);
    for (unsigned n = 0; status != FW_OK; n++) {
        struct fw_checkpoint_file f;

        faulty_disk_init(&faulty, n, true);
        store.disk = &faulty.disk;
        status = fw_checkpoint_find(&store, "digits", &f, NULL);
        n_failed += status != FW_OK;
        assert_true(status == FW_OK || status == FW_IO);
        assert_true(exists(state, "checkpoint-3.safetensors"));
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
    prepare(&store, state, fw_disk_real());
    write_all(foreign, "", 0);
    assert_int_equal(save(&store, &s, 3, NULL), FW_OK);
    strcpy(s.spec.name, "another");
    assert_int_equal(save(&store, &s, 3, NULL), FW_OK);
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

    prepare(&store, state, fw_disk_real());
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
