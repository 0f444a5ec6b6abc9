#include "client/lab/delays.h"

#include <stdlib.h>

#include "client/lab/agenda.h"
#include "sdk/base/mem.h"

#define WARM_ROUNDS 10 /* of all workers before the first tau is taken */

struct cluster {
    const struct fw_delays_plan *plan; /* lent */
    struct fw_agenda agenda;
    struct fw_random random;
    uint64_t *read; /* owned; version that each worker has read */
    uint64_t version;
};

static fw_status begin(struct cluster *c, uint32_t who, double now)
{
    double time = fw_service_draw(c->plan->service, &c->random);

    if (who == 0 && c->plan->straggler > 0.0)
        time *= c->plan->straggler;
    c->read[who] = c->version;
    return fw_agenda_put(&c->agenda, now + time, who, 0);
}

/* The next gradient is applied; its tau. */
static fw_status step(struct cluster *c, uint32_t *tau)
{
    struct fw_event_at e;

    if (!fw_agenda_take(&c->agenda, &e))
        return FW_INVALID;
    *tau = (uint32_t)(c->version - c->read[e.who]);
    c->version++;
    return begin(c, e.who, e.time);
}

static fw_status run(struct cluster *c, uint32_t *taus)
{
    const struct fw_delays_plan *p = c->plan;
    uint64_t warm = (uint64_t)WARM_ROUNDS * p->workers;
    fw_status s = FW_OK;
    uint32_t tau;

    for (uint32_t i = 0; i < p->workers && s == FW_OK; i++)
        s = begin(c, i, 0.0);
    for (uint64_t i = 0; i < warm && s == FW_OK; i++)
        s = step(c, &tau);
    for (size_t i = 0; i < p->updates && s == FW_OK; i++)
        s = step(c, &taus[i]);
    return s;
}

fw_status fw_delays_make(const struct fw_delays_plan *p, uint32_t *taus)
{
    struct cluster c = {.plan = p};
    fw_status s = FW_NOMEM;

    if (p->service->kind == FW_SERVICE_TRACE) {
        for (size_t i = 0; i < p->updates; i++)
            taus[i] = p->service->taus[i % p->service->n_taus];
        return FW_OK;
    }
    fw_random_init(&c.random, p->seed);
    c.read = fw_mem_array(p->workers, sizeof(*c.read));
    if (c.read)
        s = run(&c, taus);
    free(c.read);
    fw_agenda_close(&c.agenda);
    return s;
}
