#include "server/job/params.h"

#include <pthread.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "server/job/slab.h"

/* Free blocks are kept for two gradients on their way, and for a few more of
 * a small model, where many workers share little memory. */
#define RESERVE_GATHERS   2u
#define RESERVE_MIN_BYTES (8u << 20)

struct fw_pool {
    uint32_t refs;           /* atomic; one for each block that lives */
    uint32_t block_elements; /* set at create */
    uint64_t cap_blocks;     /* set at create */
    uint64_t reserve_blocks; /* set at create; most that wait in `free` */

    pthread_mutex_t lock;           /* guards what follows */
    struct fw_slab_cut cut;         /* owned; fresh blocks come from it */
    struct fw_block *free;          /* owned; to be used again */
    uint64_t n_free;                /* in `free` */
    uint64_t n_used;                /* blocks that somebody holds */
    uint64_t n_gathers;             /* that are no versions yet */
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
    p->reserve_blocks = RESERVE_GATHERS * blocks_for(n_elements);
    if (p->reserve_blocks < RESERVE_MIN_BYTES / block_bytes)
        p->reserve_blocks = RESERVE_MIN_BYTES / block_bytes;
    p->tail = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    *out = p;
    return FW_OK;
}

static void end_block(struct fw_block *b)
{
    fw_slab_unref(b->slab);
    free(b);
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
        end_block(b);
    }
    fw_slab_cut_close(&p->cut);
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

/* A fresh block that nobody counts yet.  Lock held. */
static struct fw_block *make_block(struct fw_pool *p)
{
    struct fw_block *b = fw_mem_array(1, sizeof(*b));

    if (!b)
        return NULL;
    b->data = fw_slab_cut(&p->cut, p->block_elements * sizeof(float), &b->slab);
    if (!b->data) {
        free(b);
        return NULL;
    }
    b->pool = p;
    return b;
}

/* A block that nobody holds any more goes among the free ones; false: there
 * are enough, the caller ends it.  Lock held. */
static bool keep(struct fw_pool *p, struct fw_block *b)
{
    p->n_used--;
    if (p->n_free >= p->reserve_blocks ||
        p->n_free + p->n_used >= p->cap_blocks)
        return false;
    b->next = p->free;
    p->free = b;
    p->n_free++;
    return true;
}

/* A block with one reference, from the free ones or from memory.  Lock held. */
static struct fw_block *take_block(struct fw_pool *p)
{
    struct fw_block *b = p->free;

    if (b) {
        p->free = b->next;
        p->n_free--;
    } else {
        b = make_block(p);
    }
    if (!b)
        return NULL;
    b->refs = 1;
    b->next = NULL;
    p->n_used++;
    fw_pool_ref(p);
    return b;
}

/* Fill g's blocks, or none of them.  Lock held; the caller's reference keeps
 * the pool. */
static fw_status fill(struct fw_pool *p, struct fw_gather *g)
{
    uint32_t n = 0;

    while (n < g->n_blocks && (g->blocks[n] = take_block(p)))
        n++;
    if (n == g->n_blocks) {
        p->n_gathers++;
        return FW_OK;
    }
    while (n > 0) {
        struct fw_block *b = g->blocks[--n];

        g->blocks[n] = NULL;
        if (!keep(p, b))
            end_block(b);
        fw_pool_unref(p);
    }
    return FW_NOMEM;
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
    else
        free(g);
    return s;
}

struct fw_gather *fw_gather_try(struct fw_pool *p, uint64_t n_elements,
                                enum fw_dtype dtype)
{
    struct fw_gather *g = make_gather(n_elements, dtype);
    bool ok;

    if (!g)
        return NULL;
    pthread_mutex_lock(&p->lock);
    ok = !p->first && room_for(p, g->n_blocks) && fill(p, g) == FW_OK;
    pthread_mutex_unlock(&p->lock);
    if (ok)
        return g;
    free(g);
    return NULL;
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

bool fw_pool_claim(struct fw_pool *p, uint64_t n_elements)
{
    uint64_t n = blocks_for(n_elements);
    bool ok;

    pthread_mutex_lock(&p->lock);
    ok = !p->first && p->n_used + n <= p->cap_blocks;
    if (ok)
        p->n_used += n;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

bool fw_pool_has_line(struct fw_pool *p)
{
    bool line;

    pthread_mutex_lock(&p->lock);
    line = p->first != NULL;
    pthread_mutex_unlock(&p->lock);
    return line;
}

uint64_t fw_pool_gathers(struct fw_pool *p)
{
    uint64_t n;

    pthread_mutex_lock(&p->lock);
    n = p->n_gathers;
    for (const struct fw_gather_waiter *w = p->first; w; w = w->next)
        n++;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void fw_pool_gathered(struct fw_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->n_gathers--;
    pthread_mutex_unlock(&p->lock);
}

/* The first in line, taken out if there is room now; *out is its gather, NULL
 * if memory ran out. */
static struct fw_gather_waiter *grant(struct fw_pool *p, struct fw_gather **out)
{
    struct fw_gather_waiter *w;
    struct fw_gather *g = NULL;

    pthread_mutex_lock(&p->lock);
    w = p->first;
    if (w && !room_for(p, blocks_for(w->n_elements)))
        w = NULL;
    if (w) {
        p->first = w->next;
        if (!p->first)
            p->tail = &p->first;
        g = make_gather(w->n_elements, w->dtype);
        if (g && fill(p, g) != FW_OK) {
            free(g);
            g = NULL;
        }
    }
    pthread_mutex_unlock(&p->lock);
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

void fw_pool_unclaim(struct fw_pool *p, uint64_t n_elements)
{
    pthread_mutex_lock(&p->lock);
    p->n_used -= blocks_for(n_elements);
    pthread_mutex_unlock(&p->lock);
    grant_all(p);
}

/* --- blocks --- */

struct fw_block *fw_block_ref(struct fw_block *b)
{
    __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void fw_block_unref(struct fw_block *b)
{
    struct fw_pool *p;
    bool kept;
    bool waiting;

    if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
        return;
    p = b->pool;
    pthread_mutex_lock(&p->lock);
    kept = keep(p, b);
    waiting = p->first != NULL;
    pthread_mutex_unlock(&p->lock);
    if (!kept)
        end_block(b);
    if (waiting)
        grant_all(p);
    fw_pool_unref(p);
}
