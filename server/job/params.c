#include "server/job/params.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

struct fw_pool {
    uint32_t refs;           /* atomic; one for each block that lives */
    uint32_t block_elements; /* set at create */
    uint64_t cap_blocks;     /* set at create */

    pthread_mutex_t lock;           /* guards what follows */
    struct fw_block *free;          /* owned; to be used again */
    uint64_t n_free;                /* in `free` */
    uint64_t n_used;                /* blocks that somebody holds */
    struct fw_gather_waiter *first; /* in line for a whole gradient */
    struct fw_gather_waiter **tail; /* where the next one stands */
};

/* --- pool --- */

static uint64_t blocks_for(uint64_t n_elements)
{
    return (n_elements + FW_BLOCK_ELEMENTS - 1) / FW_BLOCK_ELEMENTS;
}

fw_status fw_pool_create(uint64_t n_elements, uint64_t cap_bytes,
                         struct fw_pool **out)
{
    struct fw_pool *p = fw_mem_array(1, sizeof(*p));
    uint64_t block_bytes;

    *out = NULL;
    if (!p)
        return FW_NOMEM;
    p->refs = 1;
    p->block_elements = n_elements < FW_BLOCK_ELEMENTS ? (uint32_t)n_elements
                                                       : FW_BLOCK_ELEMENTS;
    block_bytes = (uint64_t)p->block_elements * sizeof(float);
    p->cap_blocks = cap_bytes / block_bytes;
    p->tail = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    *out = p;
    return FW_OK;
}

struct fw_pool *fw_pool_ref(struct fw_pool *p)
{
    __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    return p;
}

void fw_pool_unref(struct fw_pool *p)
{
    if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
        return;
    while (p->free) {
        struct fw_block *b = p->free;

        p->free = b->next;
        free(b->data);
        free(b);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint64_t fw_pool_bytes_in_use(struct fw_pool *p)
{
    uint64_t n;

    pthread_mutex_lock(&p->lock);
    n = p->n_used;
    pthread_mutex_unlock(&p->lock);
    return n * p->block_elements * sizeof(float);
}

uint64_t fw_pool_cap_bytes(const struct fw_pool *p)
{
    return p->cap_blocks * p->block_elements * sizeof(float);
}

/* A fresh block that nobody counts yet. */
static struct fw_block *make_block(struct fw_pool *p)
{
    struct fw_block *b = fw_mem_array(1, sizeof(*b));

    if (!b)
        return NULL;
    b->data = fw_mem_aligned(p->block_elements, sizeof(float));
    if (!b->data) {
        free(b);
        return NULL;
    }
    b->pool = p;
    return b;
}

/* Fill g's blocks from the free ones and from memory; the lock is held and
 * g->n_blocks of them are counted as used already. */
static fw_status fill(struct fw_pool *p, struct fw_gather *g)
{
    for (uint32_t i = 0; i < g->n_blocks; i++) {
        struct fw_block *b = p->free;

        if (b) {
            p->free = b->next;
            p->n_free--;
        } else {
            b = make_block(p);
        }
        if (!b)
            return FW_NOMEM;
        b->refs = 1;
        b->next = NULL;
        fw_pool_ref(p);
        g->blocks[i] = b;
    }
    return FW_OK;
}

/* --- gathers --- */

static struct fw_gather *make_gather(uint64_t n_elements, enum fw_dtype dtype)
{
    uint64_t n = blocks_for(n_elements);
    struct fw_gather *g =
        fw_mem_array(1, sizeof(*g) + n * sizeof(struct fw_block *));

    if (!g)
        return NULL;
    g->dtype = dtype;
    g->n_elements = n_elements;
    g->n_blocks = (uint32_t)n;
    return g;
}

/* Is there room for n more blocks?  A single gather always may.  Lock held. */
static bool room_for(const struct fw_pool *p, uint64_t n)
{
    return p->n_used == 0 || p->n_used + n <= p->cap_blocks;
}

fw_status fw_gather_create(struct fw_pool *p, uint64_t n_elements,
                           enum fw_dtype dtype, struct fw_gather_waiter *w,
                           struct fw_gather **out)
{
    struct fw_gather *g = make_gather(n_elements, dtype);
    fw_status s = FW_OK;

    *out = NULL;
    if (!g)
        return FW_NOMEM;
    pthread_mutex_lock(&p->lock);
    if (!w || (!p->first && room_for(p, g->n_blocks))) {
        p->n_used += g->n_blocks;
        s = fill(p, g);
    } else {
        w->next = NULL;
        w->n_elements = n_elements;
        w->dtype = dtype;
        *p->tail = w;
        p->tail = &w->next;
        s = FW_BUSY;
    }
    pthread_mutex_unlock(&p->lock);
    if (s == FW_OK)
        *out = g;
    else if (s == FW_BUSY)
        free(g);
    else
        fw_gather_close(g);
    return s;
}

bool fw_gather_cancel(struct fw_pool *p, struct fw_gather_waiter *w)
{
    struct fw_gather_waiter **at;
    bool found = false;

    pthread_mutex_lock(&p->lock);
    for (at = &p->first; *at && *at != w; at = &(*at)->next)
        continue;
    if (*at) {
        *at = w->next;
        if (p->tail == &w->next)
            p->tail = at;
        found = true;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* The first in line, taken out with its blocks, if there is room now. */
static struct fw_gather_waiter *grant(struct fw_pool *p, struct fw_gather **out)
{
    struct fw_gather_waiter *w;
    struct fw_gather *g = NULL;
    fw_status s = FW_OK;

    pthread_mutex_lock(&p->lock);
    w = p->first;
    if (w && room_for(p, blocks_for(w->n_elements)))
        g = make_gather(w->n_elements, w->dtype);
    if (g) {
        p->first = w->next;
        if (!p->first)
            p->tail = &p->first;
        p->n_used += g->n_blocks;
        s = fill(p, g);
    }
    pthread_mutex_unlock(&p->lock);
    if (!g)
        return NULL;
    if (s != FW_OK) {
        fw_gather_close(g);
        g = NULL; /* the waiter is told that there is no memory */
    }
    *out = g;
    return w;
}

/* Let those in line go on; no lock held. */
static void grant_all(struct fw_pool *p)
{
    struct fw_gather *g;
    struct fw_gather_waiter *w;

    while ((w = grant(p, &g)))
        w->granted(w, g);
}

fw_status fw_gather_add(struct fw_gather *g, uint64_t offset,
                        const struct fw_run *run, struct fw_err *err)
{
    uint64_t block = g->filled / FW_BLOCK_ELEMENTS;
    uint64_t inside = g->filled % FW_BLOCK_ELEMENTS;
    uint64_t left = g->n_elements - g->filled;
    uint64_t room = FW_BLOCK_ELEMENTS - inside;
    size_t n = 0;
    fw_status s;

    if (offset != g->filled)
        return FW_REFUSE(
            err, CHUNK_INVALID, "a chunk at element %llu where %llu comes next",
            (unsigned long long)offset, (unsigned long long)g->filled);
    if (!left || run->n / fw_dtype_bytes(g->dtype) > room)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a chunk at element %llu crosses a block; send "
                         "chunks of %u elements",
                         (unsigned long long)offset, FW_BLOCK_ELEMENTS);
    s = fw_tensor_gather(g->dtype, run, g->blocks[block]->data + inside,
                         room < left ? room : left, &n, &g->check, err);
    g->filled += n;
    return s;
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

/* --- blocks and versions --- */

struct fw_block *fw_block_ref(struct fw_block *b)
{
    __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void fw_block_unref(struct fw_block *b)
{
    struct fw_pool *p;
    bool keep;
    bool waiting;

    if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
        return;
    p = b->pool;
    pthread_mutex_lock(&p->lock);
    p->n_used--;
    keep = p->n_free + p->n_used < p->cap_blocks;
    if (keep) {
        b->next = p->free;
        p->free = b;
        p->n_free++;
    }
    waiting = p->first != NULL;
    pthread_mutex_unlock(&p->lock);
    if (!keep) {
        free(b->data);
        free(b);
    }
    if (waiting)
        grant_all(p);
    fw_pool_unref(p);
}

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

fw_status fw_version_from_gather(struct fw_gather *g, uint64_t number,
                                 struct fw_version **out)
{
    struct fw_version *v =
        fw_mem_array(1, sizeof(*v) + g->n_blocks * sizeof(struct fw_block *));

    *out = NULL;
    if (!v)
        return FW_NOMEM;
    v->refs = 1;
    v->number = number;
    v->n_elements = g->n_elements;
    v->n_blocks = g->n_blocks;
    memcpy(v->blocks, g->blocks, g->n_blocks * sizeof(struct fw_block *));
    free(g);
    *out = v;
    return FW_OK;
}
