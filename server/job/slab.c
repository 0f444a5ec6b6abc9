#include "server/job/slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sdk/base/mem.h"

#define PAGE_BYTES  ((size_t)2 << 20) /* a large page */
#define LEAST_BYTES (256u << 10)      /* smaller pieces are malloc's */
#define ALIGNMENT   64u

struct fw_slab {
    uint32_t refs;   /* atomic */
    uint8_t *memory; /* owned; a large page, on its boundary */
    bool mapped;     /* else it is malloc's */
};

/* A large page's worth on its boundary; NULL without memory. */
static uint8_t *map_page(void)
{
    uint8_t *m = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before;

    if (m == MAP_FAILED)
        return NULL;
    before = (PAGE_BYTES - (uintptr_t)m % PAGE_BYTES) % PAGE_BYTES;
    if (before)
        (void)munmap(m, before);
    (void)munmap(m + before + PAGE_BYTES, PAGE_BYTES - before);
    fw_mem_huge(m + before, PAGE_BYTES);
    return m + before;
}

static struct fw_slab *create(size_t bytes, bool mapped)
{
    struct fw_slab *s = fw_mem_array(1, sizeof(*s));

    if (!s)
        return NULL;
    s->refs = 1;
    s->mapped = mapped;
    s->memory = mapped ? map_page() : fw_mem_aligned(bytes, 1);
    if (s->memory)
        return s;
    free(s);
    return NULL;
}

void fw_slab_unref(struct fw_slab *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (s->mapped)
        (void)munmap(s->memory, PAGE_BYTES);
    else
        free(s->memory);
    free(s);
}

void *fw_slab_cut(struct fw_slab_cut *cut, size_t bytes, struct fw_slab **slab)
{
    void *piece;

    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes < LEAST_BYTES || bytes > PAGE_BYTES) {
        *slab = create(bytes, false);
        return *slab ? (*slab)->memory : NULL;
    }
    if (cut->slab && cut->used + bytes > PAGE_BYTES)
        fw_slab_cut_close(cut);
    if (!cut->slab)
        cut->slab = create(PAGE_BYTES, true);
    *slab = cut->slab;
    if (!cut->slab)
        return NULL;
    __atomic_add_fetch(&cut->slab->refs, 1, __ATOMIC_RELAXED);
    piece = cut->slab->memory + cut->used;
    cut->used += bytes;
    return piece;
}

void fw_slab_cut_close(struct fw_slab_cut *cut)
{
    fw_slab_unref(cut->slab);
    *cut = (struct fw_slab_cut){.slab = NULL};
}
