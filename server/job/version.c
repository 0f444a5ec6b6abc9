/* Versions: blocks of one moment, counted together (params.h). */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "server/job/params.h"

struct fw_version *fw_version_ref(struct fw_version *v)
{
    __atomic_add_fetch(&v->refs, 1, __ATOMIC_RELAXED);
    return v;
}

void fw_version_unref(struct fw_version *v)
{
    if (!v || __atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL))
        return;
    for (uint32_t i = 0; i < v->n_blocks; i++)
        fw_block_unref(v->blocks[i]);
    free(v);
}

uint32_t fw_version_block_elements(const struct fw_version *v, uint32_t i)
{
    uint64_t left = v->n_elements - (uint64_t)i * FW_BLOCK_ELEMENTS;

    return left < FW_BLOCK_ELEMENTS ? (uint32_t)left : FW_BLOCK_ELEMENTS;
}

/* With the gather's blocks, whose references are still its own. */
static struct fw_version *make_version(const struct fw_gather *g,
                                       uint64_t number)
{
    struct fw_version *v =
        fw_mem_array(1, sizeof(*v) + g->n_blocks * sizeof(struct fw_block *));

    if (!v)
        return NULL;
    v->refs = 1;
    v->number = number;
    v->n_elements = g->n_elements;
    v->n_blocks = g->n_blocks;
    memcpy(v->blocks, g->blocks, g->n_blocks * sizeof(struct fw_block *));
    return v;
}

struct fw_version *fw_version_of_gather(const struct fw_gather *g,
                                        uint64_t number)
{
    struct fw_version *v = make_version(g, number);

    for (uint32_t i = 0; v && i < v->n_blocks; i++)
        (void)fw_block_ref(v->blocks[i]);
    return v;
}

fw_status fw_version_from_gather(struct fw_gather *g, uint64_t number,
                                 struct fw_version **out)
{
    struct fw_version *v = make_version(g, number);

    *out = NULL;
    if (!v)
        return FW_NOMEM;
    fw_pool_gathered(v->blocks[0]->pool);
    free(g);
    *out = v;
    return FW_OK;
}
