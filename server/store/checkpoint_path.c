#include "server/store/checkpoint_path.h"

#include <stdio.h>

#include "sdk/base/name.h"
#include "sdk/wire/reason.h"

fw_status fw_checkpoint_join(const char *folder, const char *name,
                             const char *behind, char path[FW_PATH_MAX],
                             struct fw_err *err)
{
    int n = snprintf(path, FW_PATH_MAX, "%s/%s%s", folder, name, behind);

    if (n < 0 || n >= FW_PATH_MAX)
        return fw_err_set(err, FW_INVALID, "path too long: %s/...", folder);
    return FW_OK;
}

fw_status fw_checkpoint_folder(const struct fw_store *store, const char *job,
                               char path[FW_PATH_MAX], struct fw_err *err)
{
    char jobs[FW_PATH_MAX];
    fw_status s = fw_checkpoint_join(store->data_dir, "jobs", "", jobs, err);

    if (s != FW_OK)
        return s;
    if (!job)
        return fw_checkpoint_join(store->data_dir, "jobs", "", path, err);
    if (!fw_name_valid(job))
        return FW_REFUSE(err, NAME_INVALID, "a job's name is " FW_NAME_RULE);
    return fw_checkpoint_join(jobs, job, "", path, err);
}
