/* Job files: every option that is taken has a name and a value. */
#include "client/cli/job_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_job_file f = {0};

    if (n > FUZZ_INPUT_MAX)
        return 0;
    if (fw_job_file_load(fuzz_file(data, n), &f, NULL) == FW_OK) {
        for (size_t i = 0; i < f.n; i++)
            fuzz_check(f.lines[i].key && f.lines[i].value,
                       "a line has a key and a value");
    }
    fw_job_file_close(&f);
    return 0;
}
