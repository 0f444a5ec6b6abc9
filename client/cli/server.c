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

/* One of a list, with its workers; one that is gone meanwhile stays as it is.
 */
static fw_status complete(struct fw_admin *admin, struct fw_job_status *job,
                          struct fw_err *err)
{
    struct fw_status_response one = {0};
    struct fw_err why = {0};
    fw_status s = fw_admin_status(admin, job->name, &one, &why);

    if (s == FW_OK && one.n_jobs) {
        fw_job_status_close(job);
        *job = one.jobs[0]; /* take */
        one.jobs[0] = (struct fw_job_status){0};
    }
    fw_status_response_close(&one);
    if (s == FW_OK || s == FW_NOT_FOUND)
        return FW_OK;
    *err = why;
    return s;
}

fw_status fw_cli_status(struct fw_admin *admin, const char *job, bool workers,
                        struct fw_status_response *out, struct fw_err *err)
{
    fw_status s = fw_admin_status(admin, job ? job : "", out, err);

    for (uint32_t i = 0; s == FW_OK && !job && workers && i < out->n_jobs; i++)
        s = complete(admin, &out->jobs[i], err);
    return s;
}
