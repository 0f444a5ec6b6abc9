/* flips_large.c - a bit of a large checkpoint turns over, anywhere (T17).
 *
 * Claim: it is found, the file is set aside, and the one before is taken.
 * Every bit of a small one is flips.c's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/run.h"
#include "tests/sim/saving.h"
#include "tests/support/memory_parts.h"

#define ELEMENTS 1000000u /* 8 MB with the momentum */

static float x[ELEMENTS];

/* What is found, and how many newer ones were set aside.  The disk's names are
 * then as before. */
static void claim_found(struct memory_disk *disk, uint64_t version,
                        uint32_t n_bad, const char *what)
{
    static struct memory_disk before;
    struct fw_store store = {&disk->disk, "/data", 3};
    struct fw_checkpoint_file f = {0};

    before = *disk;
    claim(fw_checkpoint_find(&store, "job", &f, NULL) == FW_OK &&
              f.version == version && f.n_bad == n_bad,
          what);
    fw_checkpoint_file_close(&f);
    claim(disk->n_files == before.n_files, "to look for one writes none");
    *disk = before;
}

int main(int argc, char **argv)
{
    static struct memory_disk disk;
    struct run run = {.seed = 1, .count = 50};
    struct fw_store store = {&disk.disk, "/data", 3};
    struct memory_file *newest;
    uint64_t last;

    if (!run_options(&run, argc, argv))
        return 2;
    for (uint32_t i = 0; i < ELEMENTS; i++)
        x[i] = (float)i / 7.0f;
    memory_disk_open(&disk);
    claim(fw_store_prepare(&store, NULL) == FW_OK, "a store can be made");
    save_floats(&store, 1, x, ELEMENTS);
    save_floats(&store, 2, x, ELEMENTS);
    newest = disk.files[disk.n_files - 1];
    for (last = run.seed + run.count; run.seed < last; run.seed++) {
        struct fw_random dice;
        uint64_t bit;

        run_seed(run.seed);
        fw_random_init(&dice, run.seed);
        bit = fw_random_below(&dice, 8 * newest->n);
        newest->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_found(&disk, 1, 1,
                    "a turned bit is found, and the checkpoint before it "
                    "taken");
        newest->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    claim_found(&disk, 2, 0, "the same file without a turned bit is good");
    printf("T17: %" PRIu64 " bits of a checkpoint of %.1f MB turned, one at a "
           "time, all found\n",
           run.count, (double)newest->n / 1e6);
    memory_disk_close(&disk);
    return 0;
}
