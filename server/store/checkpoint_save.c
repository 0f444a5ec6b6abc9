/* Checkpoints, written and tidied. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "sdk/base/name.h"
#include "server/store/checkpoint_path.h"
#include "server/store/folder.h"

#define NUMBER_TEXT 24 /* a u64 in decimal, and its end */

fw_status fw_store_prepare(const struct fw_store *store, struct fw_err *err)
{
    char path[FW_PATH_MAX];
    fw_status s = fw_checkpoint_folder(store, NULL, path, err);

    return s == FW_OK ? fw_disk_make_folder(store->disk, path, err) : s;
}

/* Packed bytes as hex; the caller frees *out.  Closes `raw`, whose making had
 * the outcome `s`. */
static fw_status hex_of(fw_status s, struct fw_bytes *raw, char **out,
                        struct fw_err *err)
{
    static const char digits[] = "0123456789abcdef";
    char *text = NULL;

    if (s == FW_OK)
        text = fw_mem_array(2 * raw->n + 1, 1);
    for (size_t i = 0; text && i < raw->n; i++) {
        text[2 * i] = digits[raw->data[i] >> 4];
        text[2 * i + 1] = digits[raw->data[i] & 15];
    }
    if (raw->data)
        explicit_bzero(raw->data, raw->n); /* sessions have secrets */
    fw_bytes_close(raw);
    *out = text;
    if (!text)
        return fw_err_set(err, s == FW_OK ? FW_NOMEM : s,
                          "no memory for the job's description");
    return FW_OK;
}

static fw_status spec_text(const struct fw_job_spec *spec, char **out,
                           struct fw_err *err)
{
    struct fw_bytes raw = {0};
    fw_status s = fw_encode_job_spec(spec, &raw);

    return hex_of(s, &raw, out, err);
}

static fw_status state_text(const struct fw_saved_job *state, char **out,
                            struct fw_err *err)
{
    struct fw_bytes raw = {0};
    fw_status s = state ? fw_encode_saved_job(state, &raw) : FW_OK;

    return hex_of(s, &raw, out, err);
}

static fw_status write_content(const struct fw_store *store,
                               const struct fw_checkpoint *c, int fd,
                               const char *path, struct fw_err *err)
{
    const struct fw_safetensors_part parts[] = {
        {"", &c->spec->tensors, c->weights},
        {FW_CHECKPOINT_MOMENTUM, &c->spec->tensors, c->momentum},
    };
    char format[NUMBER_TEXT];
    char version[NUMBER_TEXT];
    char incarnation[NUMBER_TEXT];
    char *spec = NULL;
    char *state = NULL;
    fw_status s = fw_failpoint("save.spec", err);

    if (s == FW_OK)
        s = spec_text(c->spec, &spec, err);
    if (s == FW_OK)
        s = fw_failpoint("save.state", err);
    if (s == FW_OK)
        s = state_text(c->state, &state, err);
    if (s != FW_OK)
        goto done;
    snprintf(format, sizeof(format), "%d", FW_CHECKPOINT_FORMAT);
    snprintf(version, sizeof(version), "%" PRIu64, c->version);
    snprintf(incarnation, sizeof(incarnation), "%" PRIu64, c->incarnation);
    {
        const struct fw_safetensors_text texts[] = {
            {"flywheel.format", format},
            {"flywheel.job", c->spec->name},
            {"flywheel.version", version},
            {"flywheel.incarnation", incarnation},
            {"flywheel.job_spec", spec},
            {FW_CHECKPOINT_STATE, state},
        };
        const struct fw_safetensors_content content = {
            parts, sizeof(parts) / sizeof(parts[0]), texts,
            sizeof(texts) / sizeof(texts[0])};

        s = fw_safetensors_write(store->disk, fd, path, &content, err);
    }
done:
    free(spec);
    if (state)
        explicit_bzero(state, strlen(state));
    free(state);
    return s;
}

/* A disk that is about to be full is not filled: what else is on it may need
 * the rest.  A disk that cannot tell is tried. */
static fw_status check_room(const struct fw_store *store,
                            const struct fw_checkpoint *c, const char *folder,
                            struct fw_err *err)
{
    const struct fw_disk *d = store->disk;
    uint64_t floats = 2 * fw_tensor_list_elements(&c->spec->tensors);
    uint64_t need = floats * sizeof(float) / 5 * 6; /* a fifth to spare */
    int64_t room = d->room ? d->room(d->user, folder) : -1;

    if (room >= 0 && (uint64_t)room < need)
        return fw_err_set(err, FW_IO,
                          "%s: the disk is full: %" PRId64 " bytes are free, "
                          "%" PRIu64 " are needed",
                          folder, room, need);
    return FW_OK;
}

/* A new file, whole and on disk, or none. */
static fw_status write_file(const struct fw_store *store,
                            const struct fw_checkpoint *c, const char *path,
                            struct fw_err *err)
{
    const struct fw_disk *d = store->disk;
    int fd;
    fw_status closed;
    fw_status s;

    /* A leftover of a crash; that there is none is the rule. */
    (void)d->unlink(d->user, path);
    s = fw_failpoint("save.open", err);
    if (s == FW_OK)
        s = fw_disk_open(d, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, &fd,
                         err);
    if (s != FW_OK)
        return s;
    s = write_content(store, c, fd, path, err);
    if (s == FW_OK)
        s = fw_failpoint("save.fsync", err);
    if (s == FW_OK)
        s = fw_disk_fsync(d, path, fd, err);
    if (s == FW_OK)
        s = fw_failpoint("save.close", err);
    closed = fw_disk_close(d, path, fd, s == FW_OK ? err : NULL);
    if (s == FW_OK)
        s = closed;
    if (s != FW_OK)
        (void)d->unlink(d->user, path); /* it failed; only space is lost */
    return s;
}

/* Remove all but the newest checkpoints, as far as the disk lets. */
static void tidy(const struct fw_store *store, const char *folder,
                 uint64_t newest)
{
    struct fw_folder names;
    uint32_t newer = 0;

    if (fw_folder_list(store->disk, folder, &names, NULL) != FW_OK)
        return;
    for (uint64_t below = newest; newer < UINT32_MAX; newer++) {
        const char *best = NULL;
        uint64_t best_version = 0;
        char path[FW_PATH_MAX];

        for (size_t i = 0; i < names.n; i++) {
            uint64_t version;

            if (fw_folder_checkpoint(names.names[i], &version) &&
                version < below && (!best || version > best_version)) {
                best = names.names[i];
                best_version = version;
            }
        }
        if (!best)
            break;
        below = best_version;
        if (newer + 1 >= store->keep &&
            fw_failpoint("save.tidy", NULL) == FW_OK &&
            fw_checkpoint_join(folder, best, "", path, NULL) == FW_OK)
            (void)store->disk->unlink(store->disk->user, path);
    }
    fw_folder_close(&names);
}

fw_status fw_checkpoint_save(const struct fw_store *store,
                             const struct fw_checkpoint *c,
                             char path[FW_PATH_MAX], struct fw_err *err)
{
    char folder[FW_PATH_MAX];
    char temporary[FW_PATH_MAX];
    char name[2 * NUMBER_TEXT + NUMBER_TEXT];
    fw_status s = fw_failpoint("save.begin", err);

    if (s == FW_OK)
        s = fw_checkpoint_folder(store, c->spec->name, folder, err);
    if (s != FW_OK)
        goto done;
    snprintf(name, sizeof(name), "checkpoint-%" PRIu64 ".safetensors",
             c->version);
    s = fw_checkpoint_join(folder, name, "", path, err);
    if (s == FW_OK)
        s = fw_checkpoint_join(folder, name, FW_CHECKPOINT_TEMPORARY, temporary,
                               err);
    if (s == FW_OK)
        s = fw_disk_make_folder(store->disk, folder, err);
    if (s == FW_OK)
        s = fw_failpoint("save.room", err);
    if (s == FW_OK)
        s = check_room(store, c, folder, err);
    if (s == FW_OK)
        s = write_file(store, c, temporary, err);
    if (s != FW_OK)
        goto done;
    s = fw_failpoint("save.rename", err);
    if (s == FW_OK)
        s = fw_disk_rename(store->disk, temporary, path, err);
    if (s != FW_OK)
        (void)store->disk->unlink(store->disk->user, temporary);
    else
        s = fw_failpoint("save.named", err);
    if (s == FW_OK)
        s = fw_disk_sync_folder(store->disk, folder, err);
    if (s == FW_OK)
        tidy(store, folder, c->version);
done:
    return s == FW_OK ? s : fw_err_wrap(err, s, "checkpoint");
}

fw_status fw_checkpoint_remove(const struct fw_store *store, const char *job,
                               struct fw_err *err)
{
    struct fw_folder names = {0};
    char folder[FW_PATH_MAX];
    char path[FW_PATH_MAX];
    fw_status s = fw_checkpoint_folder(store, job, folder, err);

    if (s != FW_OK)
        return s;
    s = fw_folder_list(store->disk, folder, &names, err);
    if (s == FW_NOT_FOUND)
        return FW_OK;
    for (size_t i = 0; s == FW_OK && i < names.n; i++) {
        s = fw_checkpoint_join(folder, names.names[i], "", path, err);
        if (s == FW_OK)
            s = fw_disk_unlink(store->disk, path, err);
    }
    if (s == FW_OK)
        s = fw_disk_remove_folder(store->disk, folder, err);
    fw_folder_close(&names);
    return s;
}

fw_status fw_checkpoint_jobs(const struct fw_store *store,
                             struct fw_job_names *out, struct fw_err *err)
{
    struct fw_folder names = {0};
    char path[FW_PATH_MAX];
    fw_status s = fw_checkpoint_folder(store, NULL, path, err);

    *out = (struct fw_job_names){0};
    if (s == FW_OK)
        s = fw_folder_list(store->disk, path, &names, err);
    if (s != FW_OK)
        goto done;
    out->items = fw_mem_array(names.n, sizeof(*out->items));
    if (!out->items) {
        s = fw_err_set(err, FW_NOMEM, "no memory for the list of jobs");
        goto done;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (fw_name_valid(names.names[i]))
            snprintf(out->items[out->n++], sizeof(out->items[0]), "%s",
                     names.names[i]);
    }
done:
    fw_folder_close(&names);
    return s;
}
