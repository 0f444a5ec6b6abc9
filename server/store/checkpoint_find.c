/* Checkpoints, found and checked. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "server/store/checkpoint_path.h"
#include "server/store/folder.h"

/* A number among the texts. */
static fw_status take_number(const struct fw_safetensors *t, const char *key,
                             uint64_t *to, struct fw_err *err)
{
    const char *text = fw_safetensors_text(t, key);
    char *end;

    if (!text || text[0] < '0' || text[0] > '9')
        return fw_err_set(err, FW_CORRUPT, "no number '%s'", key);
    errno = 0;
    *to = strtoull(text, &end, 10);
    if (errno || *end)
        return fw_err_set(err, FW_CORRUPT, "no number '%s'", key);
    return FW_OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a text holds as hex; the caller frees *out.  An empty one is NULL. */
static fw_status take_hex(const char *text, uint8_t **out, size_t *n,
                          struct fw_err *err)
{
    size_t digits = text ? strlen(text) : 0;
    fw_status s = FW_OK;

    *out = NULL;
    *n = digits / 2;
    if (digits % 2)
        return fw_err_set(err, FW_CORRUPT, "half a byte of hex");
    if (!digits)
        return FW_OK;
    *out = fw_mem_array(*n, 1);
    if (!*out)
        return fw_err_set(err, FW_NOMEM, "no memory for the description");
    for (size_t i = 0; s == FW_OK && i < *n; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            s = fw_err_set(err, FW_CORRUPT, "the job description is not hex");
        else
            (*out)[i] = (uint8_t)(high << 4 | low);
    }
    return s;
}

static fw_status take_spec(const struct fw_safetensors *t,
                           struct fw_job_spec *spec, struct fw_err *err)
{
    uint8_t *raw;
    size_t n;
    fw_status s =
        take_hex(fw_safetensors_text(t, "flywheel.job_spec"), &raw, &n, err);

    if (s == FW_OK && !raw)
        s = fw_err_set(err, FW_CORRUPT, "no job description");
    if (s == FW_OK)
        s = fw_decode_job_spec(raw, n, spec, err);
    free(raw);
    return s == FW_INVALID ? FW_CORRUPT : s;
}

/* A file without one is of an older flywheel. */
static fw_status take_state(struct fw_checkpoint_file *f, struct fw_err *err)
{
    uint8_t *raw;
    size_t n;
    fw_status s =
        take_hex(fw_safetensors_text(&f->file.table, FW_CHECKPOINT_STATE), &raw,
                 &n, err);

    f->has_state = s == FW_OK && raw;
    if (f->has_state)
        s = fw_decode_saved_job(raw, n, &f->state, err);
    if (raw)
        explicit_bzero(raw, n);
    free(raw);
    return s == FW_INVALID ? FW_CORRUPT : s;
}

/* All that must hold but the values of the floats. */
static fw_status check(struct fw_checkpoint_file *f, const char *job,
                       uint64_t version, struct fw_err *err)
{
    const struct fw_safetensors *t = &f->file.table;
    uint64_t format = 0;
    fw_status s = fw_safetensors_verify(&f->file, err);

    if (s == FW_OK)
        s = take_number(t, "flywheel.format", &format, err);
    if (s != FW_OK)
        return s;
    if (format > FW_CHECKPOINT_FORMAT)
        return fw_err_set(err, FW_UNSUPPORTED,
                          "format %" PRIu64 " needs a newer flywheel", format);
    s = take_number(t, "flywheel.version", &f->version, err);
    if (s == FW_OK)
        s = take_number(t, "flywheel.incarnation", &f->incarnation, err);
    if (s == FW_OK)
        s = fw_failpoint("find.spec", err);
    if (s == FW_OK)
        s = take_spec(t, &f->spec, err);
    if (s == FW_OK)
        s = fw_failpoint("find.state", err);
    if (s == FW_OK)
        s = take_state(f, err);
    if (s != FW_OK)
        return s;
    if (strcmp(f->spec.name, job) != 0 || f->version != version)
        return fw_err_set(err, FW_CORRUPT,
                          "it is version %" PRIu64 " of job '%s'", f->version,
                          f->spec.name);
    return FW_OK;
}

static fw_status open_one(const struct fw_store *store, const char *job,
                          const char *path, uint64_t version,
                          struct fw_checkpoint_file *out, struct fw_err *err)
{
    uint32_t n_bad = out->n_bad;
    fw_status s = fw_failpoint("find.open", err);

    if (s == FW_OK)
        s = fw_safetensors_open(&out->file, store->disk, path, O_NOFOLLOW, err);
    if (s == FW_OK)
        s = check(out, job, version, err);
    if (s != FW_OK)
        fw_checkpoint_file_close(out);
    out->n_bad = n_bad;
    return s;
}

fw_status fw_checkpoint_open(const struct fw_store *store, const char *job,
                             uint64_t version, struct fw_checkpoint_file *out,
                             struct fw_err *err)
{
    char folder[FW_PATH_MAX];
    char path[FW_PATH_MAX];
    char name[64]; /* longer than any such name */
    fw_status s = fw_checkpoint_folder(store, job, folder, err);

    *out = (struct fw_checkpoint_file){.file.fd = -1};
    snprintf(name, sizeof(name), "checkpoint-%" PRIu64 ".safetensors", version);
    if (s == FW_OK)
        s = fw_checkpoint_join(folder, name, "", path, err);
    return s == FW_OK ? open_one(store, job, path, version, out, err) : s;
}

/* The newest checkpoint below a version; false if there is none. */
static bool newest(const struct fw_folder *names, bool any, uint64_t below,
                   const char **name, uint64_t *version)
{
    *name = NULL;
    for (size_t i = 0; i < names->n; i++) {
        uint64_t v;

        if (!fw_folder_checkpoint(names->names[i], &v) || (!any && v >= below))
            continue;
        if (!*name || v > *version) {
            *name = names->names[i];
            *version = v;
        }
    }
    return *name != NULL;
}

/* What was not durable when a server died is of no use. */
static void remove_leftovers(const struct fw_store *store, const char *folder,
                             const struct fw_folder *names)
{
    char path[FW_PATH_MAX];

    for (size_t i = 0; i < names->n; i++) {
        if (fw_folder_ends(names->names[i], FW_CHECKPOINT_TEMPORARY) &&
            fw_failpoint("find.leftover", NULL) == FW_OK &&
            fw_checkpoint_join(folder, names->names[i], "", path, NULL) ==
                FW_OK)
            (void)store->disk->unlink(store->disk->user, path);
    }
}

static fw_status set_aside(const struct fw_store *store, const char *folder,
                           const char *name, struct fw_err *err)
{
    char from[FW_PATH_MAX];
    char to[FW_PATH_MAX];
    fw_status s = fw_checkpoint_join(folder, name, "", from, err);

    if (s == FW_OK)
        s = fw_checkpoint_join(folder, name, FW_CHECKPOINT_BAD, to, err);
    if (s == FW_OK)
        s = fw_failpoint("find.set_aside", err);
    return s == FW_OK ? fw_disk_rename(store->disk, from, to, err) : s;
}

/* The server that gave it its name may have died before the name was durable;
 * who recovers from it will say that it is. */
static fw_status keep(const struct fw_store *store, const char *folder,
                      struct fw_checkpoint_file *f, struct fw_err *err)
{
    fw_status s = fw_failpoint("find.keep", err);

    if (s == FW_OK)
        s = fw_disk_sync_folder(store->disk, folder, err);
    if (s != FW_OK)
        fw_checkpoint_file_close(f);
    return s;
}

fw_status fw_checkpoint_find(const struct fw_store *store, const char *job,
                             struct fw_checkpoint_file *out, struct fw_err *err)
{
    struct fw_folder names = {0};
    char folder[FW_PATH_MAX];
    char path[FW_PATH_MAX];
    const char *name;
    uint64_t version = 0;
    fw_status s;

    *out = (struct fw_checkpoint_file){.file.fd = -1};
    s = fw_checkpoint_folder(store, job, folder, err);
    if (s == FW_OK)
        s = fw_failpoint("find.list", err);
    if (s == FW_OK)
        s = fw_folder_list(store->disk, folder, &names, err);
    if (s != FW_OK)
        return s;
    remove_leftovers(store, folder, &names);
    for (bool any = true; newest(&names, any, version, &name, &version);
         any = false) {
        s = fw_checkpoint_join(folder, name, "", path, err);
        if (s == FW_OK)
            s = open_one(store, job, path, version, out, err);
        if (s == FW_CORRUPT) /* or memory ran out inside of a library */
            s = open_one(store, job, path, version, out, err);
        if (s == FW_OK)
            s = keep(store, folder, out, err);
        if (s != FW_CORRUPT)
            goto done;
        s = set_aside(store, folder, name, err);
        if (s != FW_OK)
            goto done;
        out->n_bad++;
    }
    s = fw_err_set(err, FW_NOT_FOUND, "no checkpoint of job '%s'", job);
done:
    fw_folder_close(&names);
    return s;
}

void fw_checkpoint_file_close(struct fw_checkpoint_file *f)
{
    fw_safetensors_file_close(&f->file);
    fw_job_spec_close(&f->spec);
    fw_saved_job_close(&f->state);
    *f = (struct fw_checkpoint_file){.file.fd = -1};
}

fw_status fw_checkpoint_load(const struct fw_checkpoint_file *f,
                             struct fw_floats weights,
                             struct fw_floats momentum, struct fw_err *err)
{
    fw_status s = fw_failpoint("load.weights", err);

    if (s == FW_OK)
        s = fw_safetensors_load(&f->file, "", &f->spec.tensors, weights, err);
    if (s == FW_OK)
        s = fw_failpoint("load.momentum", err);
    if (s != FW_OK)
        return s;
    return fw_safetensors_load(&f->file, FW_CHECKPOINT_MOMENTUM,
                               &f->spec.tensors, momentum, err);
}
