/* A gradient on its way in: chunks into blocks (params.h). */
#include <stdlib.h>

#include "sdk/wire/reason.h"
#include "sdk/wire/topk.h"
#include "server/job/params.h"
#include "server/job/wave.h"

/* Go n bytes on. */
static void advance(struct fw_run *run, size_t n)
{
    run->n -= n;
    n += run->skip;
    while (run->n_spans && n >= run->spans->n) {
        n -= run->spans->n;
        run->spans++;
        run->n_spans--;
    }
    run->skip = n;
}

/* As much of the run as fits into the block that is being filled. */
static fw_status add_part(struct fw_gather *g, struct fw_run *run,
                          struct fw_err *err)
{
    uint64_t block = g->filled / FW_BLOCK_ELEMENTS;
    uint64_t inside = g->filled % FW_BLOCK_ELEMENTS;
    uint64_t left = g->n_elements - g->filled;
    uint64_t room = FW_BLOCK_ELEMENTS - inside;
    struct fw_run part = *run;
    size_t n = 0;
    fw_status s;

    if (room > left)
        room = left;
    if (part.n > fw_tensor_bytes(g->dtype, room))
        part.n = fw_tensor_bytes(g->dtype, room);
    s = fw_tensor_gather(g->dtype, &part, g->blocks[block]->data + inside, room,
                         &n, &g->check, err);
    g->filled += n;
    advance(run, part.n);
    return s;
}

/* One segment of top-k, which never crosses a block's end. */
static fw_status add_segment(struct fw_gather *g, struct fw_run *run,
                             struct fw_err *err)
{
    uint64_t block = g->filled / FW_BLOCK_ELEMENTS;
    uint64_t inside = g->filled % FW_BLOCK_ELEMENTS;
    uint64_t n = g->n_elements - g->filled;
    size_t used;
    fw_status s;

    if (n == 0)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "%zu bytes behind the last element, %llu", run->n,
                         (unsigned long long)g->n_elements);
    if (n > FW_TOPK_SEGMENT)
        n = FW_TOPK_SEGMENT;
    s = fw_topk_gather(run, g->blocks[block]->data + inside, n, &used,
                       &g->check, err);
    if (s != FW_OK)
        return s;
    g->filled += n;
    advance(run, used);
    return FW_OK;
}

/* Whether so many bytes can lie where the next chunk does. */
static fw_status check_length(const struct fw_gather *g, size_t bytes,
                              struct fw_err *err)
{
    uint64_t left = g->n_elements - g->filled;
    uint32_t unit = fw_dtype_unit(g->dtype);
    size_t n;

    if (!fw_tensor_elements(g->dtype, bytes, &n))
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk of %zu bytes is not whole elements of %s",
                         bytes, fw_dtype_name(g->dtype));
    if (n > left)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk of %zu elements at %llu ends behind the "
                         "last one, %llu",
                         n, (unsigned long long)g->filled,
                         (unsigned long long)g->n_elements);
    if (n < left && n % unit)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk of %zu elements of %s: but for the last one "
                         "they have multiples of %u",
                         n, fw_dtype_name(g->dtype), unit);
    return FW_OK;
}

fw_status fw_gather_add(struct fw_gather *g, uint64_t offset,
                        const struct fw_run *run, struct fw_err *err)
{
    bool sparse = g->dtype == FW_DTYPE_TOPK;
    struct fw_run rest = *run;
    fw_status s = FW_OK;

    if (offset != g->filled)
        return FW_REFUSE(
            err, CHUNK_INVALID, "a chunk at element %llu where %llu comes next",
            (unsigned long long)offset, (unsigned long long)g->filled);
    if (!sparse)
        s = check_length(g, run->n, err);
    while (s == FW_OK && rest.n)
        s = sparse ? add_segment(g, &rest, err) : add_part(g, &rest, err);
    return s;
}

float *fw_gather_land(struct fw_gather *g, uint64_t offset, size_t n)
{
    uint64_t inside = g->filled % FW_BLOCK_ELEMENTS;

    if (g->dtype != FW_DTYPE_F32 || offset != g->filled || !n ||
        n > g->n_elements - g->filled || n > FW_BLOCK_ELEMENTS - inside)
        return NULL;
    return g->blocks[g->filled / FW_BLOCK_ELEMENTS]->data + inside;
}

void fw_gather_landed(struct fw_gather *g, size_t n)
{
    fw_tensor_check(fw_gather_land(g, g->filled, n), n, &g->check);
    g->filled += n;
}

void fw_gather_scale(struct fw_gather *g, double factor)
{
    for (uint32_t b = 0; b < g->n_blocks; b++) {
        uint64_t first = (uint64_t)b * FW_BLOCK_ELEMENTS;
        uint64_t n = g->n_elements - first;
        float *x = g->blocks[b]->data;

        for (uint64_t i = 0; i < n && i < FW_BLOCK_ELEMENTS; i++)
            x[i] *= (float)factor;
    }
    g->check.square_norm *= factor * factor;
}

bool fw_gather_complete(const struct fw_gather *g)
{
    return g->filled == g->n_elements;
}

void fw_gather_close(struct fw_gather *g)
{
    if (!g)
        return;
    if (g->wave)
        fw_wave_drop(g->wave, g);
    fw_pool_gathered(g->blocks[0]->pool);
    for (uint32_t i = 0; i < g->n_blocks; i++)
        fw_block_unref(g->blocks[i]);
    free(g);
}
