/* Checkpoints, listed and compared with their checksums. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "server/store/checkpoint_path.h"
#include "server/store/folder.h"

/* Is this a checkpoint, or one that was set aside?  Then note it. */
static bool note(const char *name, struct fw_checkpoint_info *out)
{
    size_t n = strlen(name);
    bool aside = fw_folder_ends(name, FW_CHECKPOINT_BAD);

    *out = (struct fw_checkpoint_info){.state = aside ? FW_CHECKPOINT_SET_ASIDE
                                                      : FW_CHECKPOINT_UNSEEN};
    if (n >= sizeof(out->file))
        return false;
    memcpy(out->file, name, n + 1);
    if (aside)
        out->file[n - strlen(FW_CHECKPOINT_BAD)] = '\0';
    if (!fw_folder_checkpoint(out->file, &out->version))
        return false;
    memcpy(out->file, name, n + 1);
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct fw_checkpoint_info *x = a;
    const struct fw_checkpoint_info *y = b;

    return (x->version < y->version) - (x->version > y->version);
}

/* Its size; a file that went away meanwhile has none. */
static void measure(const struct fw_store *store, const char *folder,
                    struct fw_checkpoint_info *info)
{
    char path[FW_PATH_MAX];
    int fd;

    if (fw_checkpoint_join(folder, info->file, "", path, NULL) != FW_OK ||
        fw_disk_open(store->disk, path, O_RDONLY | O_NOFOLLOW, &fd, NULL) !=
            FW_OK)
        return;
    if (fw_disk_size(store->disk, path, fd, &info->bytes, NULL) != FW_OK)
        info->bytes = 0;
    (void)store->disk->close(store->disk->user, fd); /* only read */
}

fw_status fw_checkpoint_list(const struct fw_store *store, const char *job,
                             struct fw_checkpoint_list *out, struct fw_err *err)
{
    struct fw_folder names = {0};
    char folder[FW_PATH_MAX];
    fw_status s = fw_checkpoint_folder(store, job, folder, err);

    *out = (struct fw_checkpoint_list){0};
    if (s != FW_OK)
        return s;
    s = fw_folder_list(store->disk, folder, &names, err);
    if (s == FW_NOT_FOUND)
        return FW_OK; /* the job has saved nothing yet */
    if (s != FW_OK)
        return s;
    out->items = fw_mem_array(names.n, sizeof(*out->items));
    if (!out->items)
        s = fw_err_set(err, FW_NOMEM, "no memory for the list");
    for (size_t i = 0; out->items && i < names.n; i++) {
        if (note(names.names[i], &out->items[out->n]))
            measure(store, folder, &out->items[out->n++]);
    }
    if (out->items && out->n)
        qsort(out->items, out->n, sizeof(*out->items), newest_first);
    fw_folder_close(&names);
    return s;
}

fw_status fw_checkpoint_verify(const struct fw_store *store, const char *job,
                               struct fw_checkpoint_info *info)
{
    struct fw_checkpoint_file file;
    struct fw_err err = {0};
    fw_status s;

    if (info->state == FW_CHECKPOINT_SET_ASIDE)
        return FW_OK;
    s = fw_checkpoint_open(store, job, info->version, &file, &err);
    fw_checkpoint_file_close(&file);
    if (s == FW_NOMEM || s == FW_IO)
        return s;
    info->state = s == FW_OK ? FW_CHECKPOINT_GOOD : FW_CHECKPOINT_BROKEN;
    if (s != FW_OK)
        snprintf(info->detail, sizeof(info->detail), "%s", err.text);
    return FW_OK;
}
