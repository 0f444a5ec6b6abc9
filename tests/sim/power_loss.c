/* power_loss.c - the power goes at any call to the disk while checkpoints are
 * written, and what was not synced is lost, torn or there (T3).
 *
 * Claims: recovery always finds a whole checkpoint, never an older one than
 * the newest that was told durable, with the contents of its version; and the
 * next checkpoint can be written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/checkpoint.h"
#include "tests/sim/run.h"
#include "tests/support/memory_disk.h"

#define ELEMENTS_MAX 700u
#define SAVES_MAX    4u
#define CALLS_MAX    120u /* more than the last saves make */

struct scene {
    struct fw_tensor_spec tensor;
    struct fw_job_spec spec;
    float weights[ELEMENTS_MAX];
    float momentum[ELEMENTS_MAX];
};

static void scene_open(struct scene *s, struct fw_random *dice)
{
    memset(s, 0, sizeof(*s));
    s->tensor = (struct fw_tensor_spec){
        .name = "w",
        .rank = 1,
        .shape = {1 + fw_random_below(dice, ELEMENTS_MAX)}};
    snprintf(s->spec.name, sizeof(s->spec.name), "job");
    s->spec.tensors = (struct fw_tensor_list){&s->tensor, 1};
    s->spec.controller.reference_momentum = 0.9;
    s->spec.controller.reference_learning_rate = 0.01;
    fw_job_spec_default(&s->spec);
}

static float value(uint64_t version, uint64_t i)
{
    return (float)(version * 1000 + i);
}

static fw_status save(struct scene *s, const struct fw_store *store,
                      uint64_t version)
{
    struct fw_saved_job state = {
        .epoch = version,
        .controller = {.law = FW_LAW_COUNT, .learning_rate = 1}};
    struct fw_checkpoint c = {.spec = &s->spec,
                              .version = version,
                              .incarnation = 1,
                              .weights = fw_floats_flat(s->weights),
                              .momentum = fw_floats_flat(s->momentum),
                              .state = &state};
    char path[FW_PATH_MAX];

    for (uint64_t i = 0; i < s->tensor.shape[0]; i++) {
        s->weights[i] = value(version, i);
        s->momentum[i] = -value(version, i);
    }
    return fw_checkpoint_save(store, &c, path, NULL);
}

/* The version found; 0: none. */
static uint64_t recover(struct scene *s, const struct fw_store *store)
{
    struct fw_checkpoint_file f = {0};
    fw_status r = fw_checkpoint_find(store, s->spec.name, &f, NULL);
    uint64_t version = f.version;

    claim(r == FW_OK || r == FW_NOT_FOUND, "recovery comes to an end");
    if (r == FW_NOT_FOUND)
        return 0;
    claim(fw_checkpoint_load(&f, fw_floats_flat(s->weights),
                             fw_floats_flat(s->momentum), NULL) == FW_OK,
          "what was found can be loaded");
    claim(f.has_state && f.state.epoch == version,
          "its sessions are of its version");
    for (uint64_t i = 0; i < s->tensor.shape[0]; i++)
        claim(s->weights[i] == value(version, i) &&
                  s->momentum[i] == -value(version, i),
              "its contents are of its version");
    fw_checkpoint_file_close(&f);
    return version;
}

/* One image; true if something had been durable. */
static bool lose_power(uint64_t seed)
{
    static struct memory_disk disk;
    static struct memory_disk after;
    static struct scene s;
    struct fw_random dice;
    struct fw_store store = {&disk.disk, "/data", 1};
    uint64_t version = 0;
    uint64_t durable = 0;
    uint64_t found;

    fw_random_init(&dice, seed);
    scene_open(&s, &dice);
    memory_disk_open(&disk);
    store.keep = 1 + (uint32_t)fw_random_below(&dice, 3);
    claim(fw_store_prepare(&store, NULL) == FW_OK, "a store can be made");
    for (uint64_t n = fw_random_below(&dice, SAVES_MAX); n > 0; n--) {
        durable = version += 1 + fw_random_below(&dice, 100);
        claim(save(&s, &store, version) == FW_OK, "a sound disk can save");
    }
    disk.power_at = disk.calls + fw_random_below(&dice, CALLS_MAX);
    while (disk.calls < disk.power_at) {
        if (save(&s, &store, ++version) == FW_OK)
            durable = version;
    }
    memory_disk_image(&disk, &dice, &after);
    store.disk = &after.disk;
    found = recover(&s, &store);
    claim(found >= durable && found <= version, "nothing durable is lost");
    claim(fw_store_prepare(&store, NULL) == FW_OK &&
              save(&s, &store, version + 1) == FW_OK &&
              recover(&s, &store) == version + 1,
          "the next checkpoint can be written");
    memory_disk_close(&disk);
    memory_disk_close(&after);
    return durable > 0;
}

int main(int argc, char **argv)
{
    struct run run = {.seed = 1, .count = 500};
    uint64_t with = 0;

    if (!run_options(&run, argc, argv))
        return 2;
    for (uint64_t i = 0; i < run.count; i++) {
        run_seed(run.seed + i);
        with += lose_power(run.seed + i);
    }
    printf("T3: %" PRIu64 " images from seed %" PRIu64 ", %" PRIu64
           " with something durable, 0 unreadable, 0 durable lost\n",
           run.count, run.seed, with);
    return 0;
}
