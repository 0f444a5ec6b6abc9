/* sample.h - a job that is saved and found again. */
#ifndef FW_TESTS_STORE_SAMPLE_H
#define FW_TESTS_STORE_SAMPLE_H

#include "server/store/checkpoint.h"
#include "tests/unit/store/fixture.h"

#define ROWS 20000
#define N    (ROWS * 10 + 3) /* more than a block */

/* A job and its floats, big enough for two blocks. */
struct sample {
    struct fw_job_spec spec;
    float *weights;
    float *momentum;
    struct fw_block blocks[2];
    struct fw_block *at[2];
};

void sample_open(struct sample *s);
void sample_close(struct sample *s);

/* As a checkpoint of this version. */
fw_status sample_save(const struct fw_store *store, struct sample *s,
                      uint64_t version, struct fw_err *err);

/* A store in the fixture's folder that keeps three. */
void sample_prepare(struct fw_store *store, void **state,
                    const struct fw_disk *disk);

/* Of a file of the sample's job; the caller frees it. */
char *sample_path(void **state, const char *name);
bool sample_exists(void **state, const char *name);

/* The newest good one is this, and holds the sample. */
void sample_assert_found(const struct fw_store *store, const struct sample *s,
                         uint64_t version, uint32_t n_bad);

#endif
