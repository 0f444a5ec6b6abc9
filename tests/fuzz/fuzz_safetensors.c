/* Files of tensors: whatever they hold, nothing outside of them is read, and
 * what is taken for good has the lengths that it says. */
#include <string.h>

#include "server/store/safetensors.h"
#include "tests/fuzz/fuzz.h"

#define ELEMENTS 6u

static struct fw_tensor_spec LIST[] = {{"w", 2, {2, 2}}, {"b", 1, {2}}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct fw_tensor_list list = {LIST, 2};
    struct fw_safetensors_file f;
    float to[ELEMENTS];

    if (n > FUZZ_INPUT_MAX ||
        fw_safetensors_open(&f, fw_disk_real(), fuzz_file(data, n), 0, NULL) !=
            FW_OK)
        return 0;
    for (uint32_t i = 0; i < f.table.n; i++)
        fuzz_check(f.table.items[i].begin <= f.table.items[i].end &&
                       f.table.items[i].end <= f.data_bytes,
                   "tensors lie inside of the file");
    fuzz_check(f.data_at + f.data_bytes == n, "the whole file is known");
    (void)fw_safetensors_text(&f.table, "flywheel.job");
    (void)!fw_safetensors_verify(&f, NULL);
    (void)!fw_safetensors_load(&f, "", &list, fw_floats_flat(to), NULL);
    fw_safetensors_file_close(&f);
    return 0;
}
