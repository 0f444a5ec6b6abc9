/* flips.c - a bit of a checkpoint turns over on the disk, each byte once (T17).
 *
 * Claim: it is found, the file is set aside, and the one before is taken. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/run.h"
#include "tests/sim/saving.h"
#include "tests/support/memory_parts.h"

#define ELEMENTS 64u

static float x[ELEMENTS] = {1, 2, 3};

/* Turn bit `bit` of the newest file; false: it is shorter. */
static bool flip(uint64_t bit, uint64_t byte)
{
    static struct memory_disk disk;
    struct fw_store store = {&disk.disk, "/data", 3};
    struct fw_checkpoint_file f = {0};
    struct memory_file *newest;
    bool there;

    memory_disk_open(&disk);
    claim(fw_store_prepare(&store, NULL) == FW_OK, "a store can be made");
    save_floats(&store, 1, x, ELEMENTS);
    save_floats(&store, 2, x, ELEMENTS);
    newest = disk.files[disk.n_files - 1];
    there = byte < newest->n;
    if (there) {
        newest->data[byte] ^= (uint8_t)(1u << bit);
        claim(fw_checkpoint_find(&store, "job", &f, NULL) == FW_OK &&
                  f.version == 1 && f.n_bad == 1,
              "a turned bit is found, and the checkpoint before it taken");
        fw_checkpoint_file_close(&f);
    }
    memory_disk_close(&disk);
    return there;
}

int main(int argc, char **argv)
{
    struct run run = {.count = 1};
    uint64_t n = 0;

    if (!run_options(&run, argc, argv) || run.count > 8)
        return 2;
    for (uint64_t bit = 0; bit < run.count; bit++) {
        for (uint64_t byte = 0; flip((bit + byte) % 8, byte); byte++)
            n++;
    }
    printf("T17: %" PRIu64 " bits of a checkpoint turned, all found\n", n);
    return 0;
}
