#include "server/momentum/decision.h"

#include <stdlib.h>

#include "sdk/base/mem.h"

fw_status fw_decision_log_init(struct fw_decision_log *l)
{
    *l = (struct fw_decision_log){0};
    l->ring = fw_mem_array(FW_DECISIONS_KEPT, sizeof(*l->ring));
    return l->ring ? FW_OK : FW_NOMEM;
}

void fw_decision_log_close(struct fw_decision_log *l)
{
    free(l->ring);
    *l = (struct fw_decision_log){0};
}

void fw_decision_log_add(struct fw_decision_log *l, const struct fw_decision *d)
{
    struct fw_decision *to = &l->ring[l->n % FW_DECISIONS_KEPT];

    *to = *d;
    to->index = ++l->n;
}

void fw_decision_log_inherit(struct fw_decision_log *l,
                             const struct fw_decision *old, uint32_t n)
{
    uint64_t last = old[n - 1].index;

    l->unknown = last > n ? last - n : 0;
    l->n = l->unknown;
    for (uint32_t i = 0; i < n; i++)
        fw_decision_log_add(l, &old[i]);
    l->inherited = l->n;
}

const struct fw_decision *fw_decision_log_after(const struct fw_decision_log *l,
                                                uint64_t after)
{
    uint64_t oldest = l->n > FW_DECISIONS_KEPT ? l->n - FW_DECISIONS_KEPT : 0;
    uint64_t i = after > oldest ? after : oldest;

    if (i < l->unknown)
        i = l->unknown;
    return i < l->n ? &l->ring[i % FW_DECISIONS_KEPT] : NULL;
}

const struct fw_decision *fw_decision_log_last(const struct fw_decision_log *l)
{
    return l->n ? &l->ring[(l->n - 1) % FW_DECISIONS_KEPT] : NULL;
}
