/* The state in a checkpoint: sessions, controller, report.  What is decoded is
 * the same again when written, and a job that takes it still works. */
#include <math.h>
#include <string.h>

#include "server/job/saved.h"
#include "tests/fuzz/fuzz.h"

#define ELEMENTS 4u
#define LATER_MS 1000000000 /* every lease has run out */

static void job_open(struct fw_job *job)
{
    static struct fw_tensor_spec tensor = {"w", 1, {ELEMENTS}};
    struct fw_job_spec spec = {.name = "job",
                               .tensors = {.items = &tensor, .n = 1},
                               .controller = {.law = FW_LAW_COUNT,
                                              .reference_momentum = 0.9,
                                              .reference_learning_rate = 0.01}};
    float momentum[ELEMENTS] = {0};
    struct fw_gather *g = NULL;

    fw_job_spec_default(&spec);
    fuzz_check(fw_job_init(job, &spec, 7, 0, NULL) == FW_OK &&
                   fw_gather_create(job->pool, ELEMENTS, FW_DTYPE_F32, NULL,
                                    &g) == FW_OK,
               "a job can be made");
    memset(g->blocks[0]->data, 0, ELEMENTS * sizeof(float));
    g->filled = ELEMENTS;
    fuzz_check(fw_job_restore(job, g, momentum, 5, NULL) == FW_OK,
               "it can be restored");
}

static void use(struct fw_job *job)
{
    struct fw_job_status status;
    struct fw_saved_job again;

    fw_job_tick(job, 1000);
    fuzz_check(isfinite(job->controller.momentum) &&
                   isfinite(job->controller.rate),
               "momentum and rate are numbers");
    fuzz_check(fw_job_save(job, &again) == FW_OK, "it can be saved");
    fw_saved_job_close(&again);
    fuzz_check(fw_job_status(job, 1000, &status) == FW_OK, "it has a status");
    fw_job_status_close(&status);
    fw_job_tick(job, LATER_MS);
}

static void restore(const struct fw_saved_job *saved)
{
    struct fw_job job;

    job_open(&job);
    if (fw_job_resurrect(&job, saved, 0, NULL) == FW_OK)
        use(&job);
    fw_job_close(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_saved_job saved = {0};
    struct fw_saved_job again = {0};
    struct fw_bytes once = {0};
    struct fw_bytes twice = {0};

    if (n > FUZZ_INPUT_MAX ||
        fw_decode_saved_job(data, n, &saved, NULL) != FW_OK)
        return 0;
    fuzz_check(fw_encode_saved_job(&saved, &once) == FW_OK &&
                   fw_decode_saved_job(once.data, once.n, &again, NULL) ==
                       FW_OK &&
                   fw_encode_saved_job(&again, &twice) == FW_OK,
               "what we write we read");
    fuzz_check(once.n == twice.n &&
                   (!once.n || memcmp(once.data, twice.data, once.n) == 0),
               "it stays the same");
    restore(&saved);
    fw_saved_job_close(&saved);
    fw_saved_job_close(&again);
    fw_bytes_close(&once);
    fw_bytes_close(&twice);
    return 0;
}
