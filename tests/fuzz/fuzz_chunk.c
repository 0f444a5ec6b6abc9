/* Messages of the Train stream and the tensors in them, in pieces of any size:
 * no piece is read beyond its end, pieces do not change what is read, and a
 * peek tells nothing that the whole message does not.
 *
 * Input: what it is (low 2 bits), dtype (next 2), bytes of the first piece,
 * then the message. */
#include <string.h>

#include "server/job/params.h"
#include "tests/fuzz/fuzz.h"

#define ELEMENTS 70000u /* more than a segment of top-k */
#define HEAD     2u     /* bytes of the input before the message */

static const enum fw_dtype DTYPES[] = {FW_DTYPE_F32, FW_DTYPE_BF16,
                                       FW_DTYPE_INT8, FW_DTYPE_TOPK};

static void gather(const struct fw_run *run, uint64_t offset,
                   enum fw_dtype dtype)
{
    struct fw_pool *pool = NULL;
    struct fw_gather *g = NULL;

    fuzz_check(fw_pool_create(ELEMENTS, UINT64_MAX, &pool) == FW_OK &&
                   fw_gather_create(pool, ELEMENTS, dtype, NULL, &g) == FW_OK,
               "there is memory");
    if (fw_gather_add(g, offset, run, NULL) == FW_OK)
        fuzz_check(g->filled <= ELEMENTS, "no more is filled than there is");
    fw_gather_close(g);
    fw_pool_unref(pool);
}

static void request(const struct fw_span *spans, size_t n, enum fw_dtype dtype,
                    size_t total)
{
    struct fw_train_request whole = {0};
    struct fw_train_request peeked = {0};
    bool seen = spans[0].n && fw_peek_train_request(spans, total, &peeked);
    fw_status s = fw_decode_train_request(spans, n, &whole, NULL);

    if (seen) {
        fuzz_check(s == FW_OK && whole.kind == FW_TRAIN_GRADIENT,
                   "a head that was peeked is a gradient's");
        fuzz_check(peeked.gradient.sequence == whole.gradient.sequence &&
                       peeked.gradient.offset == whole.gradient.offset &&
                       peeked.data.n == whole.data.n,
                   "a peek tells what the message tells");
    }
    if (s == FW_OK && whole.kind == FW_TRAIN_GRADIENT)
        gather(&whole.data, whole.gradient.offset, dtype);
}

static void response(const struct fw_span *spans, size_t n, enum fw_dtype dtype,
                     size_t total)
{
    struct fw_train_response whole = {0};
    struct fw_train_response peeked = {0};
    bool seen = spans[0].n && fw_peek_train_response(spans, total, &peeked);
    fw_status s = fw_decode_train_response(spans, n, &whole, NULL);

    if (seen) {
        fuzz_check(s == FW_OK && whole.kind == FW_TRAIN_PARAMETERS,
                   "a head that was peeked is of parameters");
        fuzz_check(peeked.parameters.version == whole.parameters.version &&
                       peeked.data.n == whole.data.n,
                   "a peek tells what the message tells");
    }
    if (s == FW_OK && whole.kind == FW_TRAIN_PARAMETERS)
        gather(&whole.data, whole.parameters.offset, dtype);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fw_span spans[2];
    struct fw_parameters_head head;
    struct fw_run run = {0};
    enum fw_dtype dtype;
    size_t first;

    if (n < HEAD || n > FUZZ_INPUT_MAX)
        return 0;
    dtype = DTYPES[data[0] >> 2 & 3];
    first = data[1] < n - HEAD ? data[1] : n - HEAD;
    spans[0] = (struct fw_span){data + HEAD, first};
    spans[1] = (struct fw_span){data + HEAD + first, n - HEAD - first};
    switch (data[0] & 3) {
    case 0:
        request(spans, 2, dtype, n - HEAD);
        break;
    case 1:
        response(spans, 2, dtype, n - HEAD);
        break;
    case 2:
        if (fw_decode_pull_response(spans, 2, &head, &run, NULL) == FW_OK)
            gather(&run, head.offset, dtype);
        break;
    default:
        if (fw_decode_initialize_request(spans, 2, &head, &run, NULL) == FW_OK)
            gather(&run, head.offset, dtype);
    }
    return 0;
}
