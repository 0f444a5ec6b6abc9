/* Heads of HTTP requests in pieces: what is complete has a path, is small, and
 * does not depend on where it was cut.
 *
 * Input: bytes of the first piece, then what came. */
#include <string.h>

#include "server/http/guard.h"
#include "tests/fuzz/fuzz.h"

static void feed(struct fw_request *r, const uint8_t *data, size_t n,
                 size_t piece)
{
    size_t at = 0;

    fw_request_begin(r);
    while (at < n && !r->complete) {
        size_t left = n - at;
        size_t used = fw_request_feed(r, (const char *)data + at,
                                      left < piece ? left : piece);

        fuzz_check(used <= left, "no more is used than there is");
        fuzz_check(used > 0 || r->complete, "it goes on");
        at += used;
    }
}

static void use(struct fw_request *r)
{
    struct fw_admin_config own = {0};
    struct fw_guard guard = {.token = "0123456789abcdef", .own = &own};
    char value[64];

    fuzz_check(r->path && strlen(r->path) < FW_URL_MAX, "there is a path");
    (void)fw_request_query(r, "points", value, sizeof(value));
    (void)fw_request_number(r, "from", 0);
    fw_guard_check(&guard, false, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_request whole;
    struct fw_request pieces;

    if (n < 2 || n > FUZZ_INPUT_MAX)
        return 0;
    feed(&whole, data + 1, n - 1, n);
    feed(&pieces, data + 1, n - 1, (size_t)data[0] + 1);
    fuzz_check(whole.complete == pieces.complete &&
                   !whole.refusal == !pieces.refusal,
               "pieces do not change what is refused");
    if (!whole.refusal)
        fuzz_check(strcmp(whole.url, pieces.url) == 0,
                   "pieces do not change what was asked");
    if (whole.complete)
        use(&whole);
    return 0;
}
