#include "server/job/wave.h"

#include <string.h>

#define STRETCH 8192u /* elements; the kernel sums by as many */

void fw_wave_init(struct fw_wave *v)
{
    memset(v, 0, sizeof(*v));
    pthread_mutex_init(&v->lock, NULL);
}

/* What a wave holds, to be let go of without its lock. */
struct held {
    struct fw_version *base;
    struct fw_version *next;
};

/* The wave is nobody's any more.  Lock held. */
static struct held end(struct fw_wave *v)
{
    struct held h = {v->base, v->next};

    if (v->gather)
        v->gather->wave = NULL;
    v->gather = NULL;
    v->base = NULL;
    v->next = NULL;
    return h;
}

void fw_wave_close(struct fw_wave *v)
{
    struct held h = end(v);

    fw_version_unref(h.base);
    fw_version_unref(h.next);
    pthread_mutex_destroy(&v->lock);
}

bool fw_wave_begin(struct fw_wave *v, struct fw_optimizer *o,
                   struct fw_version *w, struct fw_gather *g, double rate,
                   double momentum, const uint64_t *coordinates, uint32_t n)
{
    bool spare = fw_optimizer_spare(o, w);
    struct fw_version *next = NULL;

    pthread_mutex_lock(&v->lock);
    if (!v->gather && spare)
        next = fw_version_of_gather(g, w->number + 1);
    if (next) {
        v->gather = g;
        g->wave = v;
        v->broken = false;
        v->base = fw_version_ref(w);
        v->next = next;
        v->step = fw_optimizer_how(o, rate, momentum, 1.0);
        v->rate = rate;
        v->momentum = momentum;
        v->u = o->momentum.at;
        v->u_next = o->spare.at;
        v->done = 0;
        v->square_norm = 0.0;
        v->coordinates = coordinates;
        v->n_coordinates = n;
        v->n_seen = 0;
    }
    pthread_mutex_unlock(&v->lock);
    return next != NULL;
}

/* Keep what a sensor wants of the gradient before it is written over. */
static void look(struct fw_wave *v, const float *g, uint64_t end)
{
    while (v->n_seen < v->n_coordinates && v->coordinates[v->n_seen] < end) {
        v->seen[v->n_seen] = g[v->coordinates[v->n_seen] - v->done];
        v->n_seen++;
    }
}

/* One step within a block, up to element `end`. */
static void step_part(struct fw_wave *v, uint64_t end)
{
    uint64_t block = v->done / FW_BLOCK_ELEMENTS;
    uint64_t inside = v->done % FW_BLOCK_ELEMENTS;
    float *g = v->next->blocks[block]->data + inside; /* will be w' */
    size_t n = FW_BLOCK_ELEMENTS - inside;

    if (n > end - v->done)
        n = end - v->done;
    look(v, g, v->done + n);
    v->square_norm +=
        fw_kernel_step(&v->step, v->base->blocks[block]->data + inside,
                       v->u + v->done, g, g, v->u_next + v->done, n);
    v->done += n;
}

uint32_t fw_wave_step(struct fw_wave *v, struct fw_gather *g,
                      struct fw_version **next)
{
    uint64_t end = g->filled;
    uint32_t ready = 0;

    if (end < g->n_elements)
        end -= end % STRETCH;
    pthread_mutex_lock(&v->lock);
    if (v->gather == g && !v->broken) {
        while (v->done < end)
            step_part(v, end);
        *next = v->next;
        ready = end == g->n_elements ? g->n_blocks
                                     : (uint32_t)(end / FW_BLOCK_ELEMENTS);
    }
    pthread_mutex_unlock(&v->lock);
    return ready;
}

bool fw_wave_holds(struct fw_wave *v, const struct fw_gather *g)
{
    bool holds;

    pthread_mutex_lock(&v->lock);
    holds = v->gather == g && !v->broken && v->done == g->n_elements;
    pthread_mutex_unlock(&v->lock);
    return holds;
}

fw_status fw_wave_commit(struct fw_wave *v, struct fw_optimizer *o,
                         struct fw_gather *g, struct fw_version **out)
{
    struct held h;

    if (!fw_wave_holds(v, g))
        return FW_STALE;
    /* Who may break it is kept off: the job is the caller's. */
    fw_optimizer_turn(o, g->check.square_norm, v->square_norm);
    pthread_mutex_lock(&v->lock);
    h = end(v);
    pthread_mutex_unlock(&v->lock);
    fw_version_unref(h.base);
    fw_gather_close(g);
    *out = h.next;
    return FW_OK;
}

void fw_wave_drop(struct fw_wave *v, const struct fw_gather *g)
{
    struct held h = {NULL, NULL};

    pthread_mutex_lock(&v->lock);
    if (v->gather == g)
        h = end(v);
    pthread_mutex_unlock(&v->lock);
    fw_version_unref(h.base);
    fw_version_unref(h.next);
}

void fw_wave_break(struct fw_wave *v)
{
    pthread_mutex_lock(&v->lock);
    v->broken = true;
    pthread_mutex_unlock(&v->lock);
}

uint64_t fw_wave_progress(struct fw_wave *v)
{
    uint64_t n;

    pthread_mutex_lock(&v->lock);
    n = v->gather && !v->broken ? v->done + 1 : 0;
    pthread_mutex_unlock(&v->lock);
    return n;
}
