#include "client/cli/server.h"

#include "sdk/wire/reason.h"

fw_status fw_cli_connect(const struct fw_cli_common *common,
                         struct fw_admin *out, struct fw_err *err)
{
    return fw_admin_open(out, common->server, (uint32_t)common->timeout_ms,
                         err);
}

fw_status fw_cli_job_status(struct fw_admin *admin, const char *job,
                            struct fw_status_response *all,
                            struct fw_job_status **out, struct fw_err *err)
{
    fw_status s = fw_admin_status(admin, job, all, err);

    if (s == FW_OK && all->n_jobs == 0)
        s = FW_REFUSE(err, JOB_NOT_FOUND, "there is no job '%s'", job);
    if (s == FW_OK)
        *out = &all->jobs[0];
    return s;
}
