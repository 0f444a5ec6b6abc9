/* Token files, and texts that pretend to be tokens: what is taken is the same
 * after it was saved; nobody gets in who is not in the file. */
#include "server/store/tokens.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_tokens t = {0};

    if (n > FUZZ_INPUT_MAX)
        return 0;
    if (fw_tokens_load(fuzz_file(data, n), &t, NULL) == FW_OK) {
        for (size_t i = 0; i < t.n; i++)
            fuzz_check(t.items[i].role >= FW_ROLE_WORKER &&
                           t.items[i].role <= FW_ROLE_ADMIN,
                       "a token has a role");
        fuzz_check(fw_tokens_find(&t, (const char *)data, n) == NULL,
                   "a file's own text is no token");
    }
    fw_tokens_close(&t);
    return 0;
}
