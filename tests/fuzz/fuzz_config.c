/* The server's configuration: what is taken has a number in every field that
 * needs one, what is refused leaves the defaults. */
#include <string.h>

#include "server/store/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_server_config got;
    struct fw_server_config usual;

    if (n > FUZZ_INPUT_MAX)
        return 0;
    fw_server_config_default(&usual);
    if (fw_server_config_load(&got, fuzz_file(data, n), NULL) != FW_OK)
        fuzz_check(strcmp(got.listen, usual.listen) == 0 &&
                       got.max_jobs == usual.max_jobs &&
                       got.checkpoint_keep == usual.checkpoint_keep,
                   "a file that is refused changes nothing");
    fuzz_check(got.checkpoint_keep >= 1 && got.max_jobs >= 1 &&
                   got.admin.n_hosts <= FW_HOSTS_MAX,
               "numbers are in their ranges");
    return 0;
}
