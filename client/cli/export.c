#include "client/cli/export.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "server/store/safetensors.h"

static fw_status write_content(int fd, const char *path,
                               const struct fw_job_spec *spec, float *values,
                               uint64_t version, struct fw_err *err)
{
    const struct fw_safetensors_part part = {"", &spec->tensors,
                                             fw_floats_flat(values)};
    char number[24]; /* a u64 in decimal, and its end */
    const struct fw_safetensors_text texts[] = {
        {"flywheel.job", spec->name},
        {"flywheel.version", number},
    };
    const struct fw_safetensors_content content = {
        &part, 1, texts, sizeof(texts) / sizeof(texts[0])};

    snprintf(number, sizeof(number), "%" PRIu64, version);
    return fw_safetensors_write(fw_disk_real(), fd, path, &content, err);
}

static fw_status write_file(const char *path, const struct fw_job_spec *spec,
                            float *values, uint64_t version, struct fw_err *err)
{
    const struct fw_disk *disk = fw_disk_real();
    char part[FW_PATH_MAX];
    fw_status closed;
    fw_status s;
    int fd;

    if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
        return fw_err_set(err, FW_INVALID, "the file's name is too long");
    s = fw_disk_open(disk, part, O_WRONLY | O_CREAT | O_TRUNC, &fd, err);
    if (s != FW_OK)
        return s;
    s = write_content(fd, part, spec, values, version, err);
    closed = fw_disk_close(disk, part, fd, s == FW_OK ? err : NULL);
    if (s == FW_OK)
        s = closed;
    if (s == FW_OK)
        s = fw_disk_rename(disk, part, path, err);
    if (s != FW_OK)
        (void)disk->unlink(disk->user, part); /* it failed: not wanted */
    return s;
}

fw_status fw_export(struct fw_admin *admin, const char *job, const char *path,
                    uint64_t *version, struct fw_err *err)
{
    struct fw_job_message about = {0};
    float *values = NULL;
    uint64_t n = 0;
    fw_status s = fw_admin_get_job(admin, job, &about, err);

    if (s == FW_OK) {
        n = fw_tensor_list_elements(&about.spec.tensors);
        values = fw_mem_aligned(n, sizeof(float));
        if (!values)
            s = fw_err_set(err, FW_NOMEM, "no memory for %" PRIu64 " floats",
                           n);
    }
    if (s == FW_OK)
        s = fw_admin_pull(admin, job, values, n, version, err);
    if (s == FW_OK)
        s = write_file(path, &about.spec, values, *version, err);
    free(values);
    fw_job_message_close(&about);
    return s;
}
