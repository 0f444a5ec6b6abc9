#include "tests/unit/store/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/base/random.h"

static struct fw_tensor_spec SPECS[] = {{"weight", 2, {ROWS, 10}},
                                        {"bias", 1, {3}}};

void sample_open(struct sample *s)
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

void sample_close(struct sample *s)
{
    free(s->weights);
    free(s->momentum);
}

fw_status sample_save(const struct fw_store *store, struct sample *s,
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

void sample_prepare(struct fw_store *store, void **state,
                    const struct fw_disk *disk)
{
    const struct fixture *f = *state;

    *store = (struct fw_store){disk, f->folder, 3};
    assert_int_equal(fw_store_prepare(store, NULL), FW_OK);
}

char *sample_path(void **state, const char *name)
{
    char relative[FW_PATH_MAX];

    snprintf(relative, sizeof(relative), "jobs/digits/%s", name);
    return fixture_path(*state, relative);
}

bool sample_exists(void **state, const char *name)
{
    char *path = sample_path(state, name);
    bool there = access(path, F_OK) == 0;

    free(path);
    return there;
}

void sample_assert_found(const struct fw_store *store, const struct sample *s,
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
