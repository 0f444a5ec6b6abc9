#include "server/rpc/transfer.h"

#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"

#define BYTES_OF_A_MB 1048576u

void fw_transfer_close(struct fw_transfer *t)
{
    fw_version_unref(t->version);
    fw_version_unref(t->waiting);
    t->version = NULL;
    t->waiting = NULL;
    t->n_waiting = 0;
    t->block = 0;
}

/* This version goes now. */
static void go(struct fw_transfer *t, struct fw_version *take, uint32_t ready)
{
    t->version = take;
    t->ready = ready;
    t->since_ms = fw_clock_mono_ms();
}

void fw_transfer_begin(struct fw_transfer *t, struct fw_version *take)
{
    if (!t->version) {
        go(t, take, take->n_blocks);
        return;
    }
    fw_version_unref(t->waiting);
    t->waiting = take;
    t->n_waiting++;
}

bool fw_transfer_early(struct fw_transfer *t, struct fw_version *take,
                       uint32_t ready)
{
    if (t->version)
        return false;
    go(t, take, ready);
    return true;
}

void fw_transfer_more(struct fw_transfer *t, const struct fw_version *v,
                      uint32_t ready)
{
    if (t->version == v)
        t->ready = ready;
}

bool fw_transfer_hinders(const struct fw_transfer *t, uint32_t grace_ms,
                         uint32_t mb_per_second, int64_t now_ms)
{
    uint64_t bytes;

    if (!t->version || !mb_per_second)
        return false;
    bytes = fw_tensor_bytes(t->dtype, t->version->n_elements);
    return now_ms - t->since_ms >= grace_ms + (int64_t)(bytes / BYTES_OF_A_MB *
                                                        1000 / mb_per_second) &&
           fw_pool_has_line(t->version->blocks[0]->pool);
}

/* The last block is on its way: on to what waits. */
static void end(struct fw_transfer *t)
{
    fw_version_unref(t->version);
    t->version = NULL;
    t->block = 0;
    if (!t->n_waiting)
        return;
    go(t, fw_version_ref(t->waiting), t->waiting->n_blocks);
    if (--t->n_waiting)
        return;
    fw_version_unref(t->waiting);
    t->waiting = NULL;
}

static void release_block(void *block)
{
    fw_block_unref(block);
}

/* The block's floats as they travel. */
static bool lend(const struct fw_transfer *t, struct fw_block *b, uint32_t n,
                 struct fw_lent *lent)
{
    void *half;

    lent->n = n * fw_dtype_bytes(t->dtype);
    if (t->dtype == FW_DTYPE_F32) {
        lent->data = b->data;
        lent->release = release_block;
        lent->user = fw_block_ref(b);
        return true;
    }
    half = fw_mem_aligned(n, fw_dtype_bytes(t->dtype));
    if (!half)
        return false;
    fw_tensor_encode(t->dtype, b->data, n, half);
    lent->data = half;
    lent->release = free;
    lent->user = half;
    return true;
}

grpc_byte_buffer *fw_transfer_next(struct fw_transfer *t)
{
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct fw_parameters_head h;
    grpc_byte_buffer *buffer;
    struct fw_lent lent;
    uint32_t n;

    if (!t->version || t->block >= t->ready)
        return NULL;
    n = fw_version_block_elements(t->version, t->block);
    if (!lend(t, t->version->blocks[t->block], n, &lent))
        return NULL;
    h = (struct fw_parameters_head){
        .version = t->version->number,
        .offset = (uint64_t)t->block * FW_BLOCK_ELEMENTS,
        .n_elements = t->version->n_elements,
    };
    buffer = fw_buffer_create(head, t->head(&h, lent.n, head), &lent);
    if (++t->block == t->version->n_blocks)
        end(t);
    return buffer;
}
