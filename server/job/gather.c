/* A gradient on its way in: chunks into blocks (params.h). */
#include <stdlib.h>

#include "sdk/wire/reason.h"
#include "server/job/params.h"

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
    size_t size = fw_dtype_bytes(g->dtype);
    struct fw_run part = *run;
    size_t n = 0;
    fw_status s;

    if (room > left)
        room = left;
    if (part.n > room * size)
        part.n = room * size;
    s = fw_tensor_gather(g->dtype, &part, g->blocks[block]->data + inside, room,
                         &n, &g->check, err);
    g->filled += n;
    advance(run, part.n);
    return s;
}

fw_status fw_gather_add(struct fw_gather *g, uint64_t offset,
                        const struct fw_run *run, struct fw_err *err)
{
    uint64_t left = g->n_elements - g->filled;
    size_t size = fw_dtype_bytes(g->dtype);
    struct fw_run rest = *run;
    fw_status s = FW_OK;

    if (offset != g->filled)
        return FW_REFUSE(
            err, CHUNK_INVALID, "a chunk at element %llu where %llu comes next",
            (unsigned long long)offset, (unsigned long long)g->filled);
    if (run->n % size)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk of %zu bytes is not whole elements of %zu",
                         run->n, size);
    if (run->n / size > left)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk of %zu elements at %llu ends behind the "
                         "last one, %llu",
                         run->n / size, (unsigned long long)offset,
                         (unsigned long long)g->n_elements);
    while (s == FW_OK && rest.n)
        s = add_part(g, &rest, err);
    return s;
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
    for (uint32_t i = 0; i < g->n_blocks; i++)
        fw_block_unref(g->blocks[i]);
    free(g);
}
