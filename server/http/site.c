#include "server/http/site.h"

#include <stdio.h>

#include "sdk/base/clock.h"

enum fw_site_state fw_site_state(const struct fw_site *site)
{
    return (enum fw_site_state)__atomic_load_n(&site->state, __ATOMIC_RELAXED);
}

static uint32_t count_jobs(const struct fw_site *site)
{
    const struct fw_list *l;
    uint32_t n = 0;

    FW_LIST_EACH(l, &site->view.jobs)
        n++;
    return n;
}

void fw_site_server(const struct fw_site *site, struct fw_server_status *out)
{
    *out = (struct fw_server_status){
        .incarnation = site->jobs->incarnation,
        .uptime_ms = (uint64_t)(fw_clock_mono_ms() - site->born_ms),
        .jobs = count_jobs(site),
        .draining = fw_site_state(site) == FW_SITE_DRAINING,
    };
    snprintf(out->version, sizeof(out->version), "%s", fw_version());
}
