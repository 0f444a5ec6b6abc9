#include "tests/sim/saving.h"

#include "tests/sim/run.h"

void save_floats(const struct fw_store *store, uint64_t version, float *x,
                 uint64_t n)
{
    struct fw_tensor_spec tensor = {"w", 1, {n}};
    struct fw_job_spec spec = {.name = "job", .tensors = {&tensor, 1}};
    struct fw_saved_job state = {
        .epoch = 1, .controller = {.law = FW_LAW_COUNT, .learning_rate = 1}};
    struct fw_checkpoint c = {
        &spec, version, 1, fw_floats_flat(x), fw_floats_flat(x), &state};
    char path[FW_PATH_MAX];

    spec.controller.reference_momentum = 0.9;
    spec.controller.reference_learning_rate = 0.01;
    fw_job_spec_default(&spec);
    claim(fw_checkpoint_save(store, &c, path, NULL) == FW_OK,
          "a sound disk can save");
}
