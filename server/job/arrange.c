#include <stdlib.h>

#include "sdk/base/mem.h"
#include "server/job/groups.h"
#include "server/job/job.h"

static int by_speed(const void *a, const void *b)
{
    const struct fw_session *x = *(struct fw_session *const *)a;
    const struct fw_session *y = *(struct fw_session *const *)b;

    if (x->service_ms != y->service_ms)
        return x->service_ms < y->service_ms ? -1 : 1;
    return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* Connected sessions, the fastest first; how many are not much slower than the
 * one in the middle. */
static uint32_t sort_workers(const struct fw_job *job, struct fw_session **all)
{
    uint32_t n = 0;
    double limit;
    uint32_t fast;
    struct fw_list *l;

    FW_LIST_EACH(l, &job->sessions.alive)
        all[n++] = FW_LIST_ITEM(l, struct fw_session, turn);
    qsort(all, n, sizeof(struct fw_session *), by_speed);
    limit = n ? FW_GROUPS_SLOW * all[(n - 1) / 2]->service_ms : 0.0;
    for (fast = n; fast > 0 && limit > 0.0; fast--) {
        if (all[fast - 1]->service_ms <= limit)
            break;
    }
    return fast;
}

fw_status fw_groups_arrange(struct fw_job *job, uint32_t n, int64_t now_ms)
{
    struct fw_groups *g = &job->groups;
    uint32_t workers = job->sessions.connected;
    struct fw_session **all = fw_mem_array(workers, sizeof(*all));
    struct fw_group *items;
    uint32_t fast;

    if (!all)
        return FW_NOMEM;
    for (uint32_t i = 0; i < g->n; i++) {
        if (g->items[i].n > 0)
            fw_round_step(job, &g->items[i], false, now_ms);
    }
    fast = sort_workers(job, all);
    n = n < 1 ? 1 : n > fast && fast > 0 ? fast : n;
    items = fw_mem_array(n + workers - fast, sizeof(*items));
    if (!items) {
        free(all);
        return FW_NOMEM;
    }
    fw_groups_close_items(g->items, g->n);
    g->items = items;
    g->n = n + workers - fast;
    for (uint32_t i = 0; i < workers; i++) {
        all[i]->group =
            i < fast ? (uint32_t)((uint64_t)i * n / fast) : n + i - fast;
        all[i]->moved = all[i]->given_ms != 0;
        items[all[i]->group].members++;
    }
    free(all);
    return FW_OK;
}
