/* replay.c - a fuzz target as an ordinary test: every file of its corpus,
 * whole, cut short at every length and with every byte changed.
 *
 *     replay FOLDER */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/bytes.h"
#include "sdk/base/file.h"
#include "tests/fuzz/fuzz.h"

#define EACH_BYTE_UP_TO 600u /* longer ones are cut and changed at so many */

static void run_exact(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1); /* so that ASan sees its end */

    fuzz_check(copy != NULL, "there is memory");
    memcpy(copy, data, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static unsigned run_changed(uint8_t *data, size_t n)
{
    size_t step = n / EACH_BYTE_UP_TO + 1;
    unsigned runs = 0;

    run_exact(data, n);
    for (size_t i = 0; i < n; i += step, runs += 2) {
        uint8_t was = data[i];

        run_exact(data, i);
        data[i] = (uint8_t)(was ^ (1u << i % 8));
        run_exact(data, n);
        data[i] = was;
    }
    return runs + 1;
}

int main(int argc, char **argv)
{
    unsigned files = 0;
    unsigned runs = 0;
    DIR *folder;
    struct dirent *e;

    if (argc != 2)
        return 2;
    folder = opendir(argv[1]);
    fuzz_check(folder != NULL, "the corpus is there");
    while ((e = readdir(folder))) {
        struct fw_bytes all = {0};
        char path[4096];

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
        fuzz_check(fw_file_read(path, FUZZ_INPUT_MAX, &all, NULL) == FW_OK,
                   "the corpus can be read");
        runs += run_changed(all.data, all.n);
        files++;
        fw_bytes_close(&all);
    }
    closedir(folder);
    printf("%u inputs of %u files\n", runs, files);
    return runs ? 0 : 1;
}
