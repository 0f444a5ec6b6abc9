#include "server/store/folder.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

/* A listing on its way. */
struct listing {
    struct fw_folder *out;
    fw_status status; /* the first thing that went wrong */
};

static void take_name(void *arg, const char *name)
{
    struct listing *l = arg;
    struct fw_folder *f = l->out;

    if (l->status != FW_OK)
        return;
    l->status = FW_NOMEM;
    if (fw_mem_grow(&f->names, &f->capacity, f->n + 1, sizeof(*f->names)))
        return;
    f->names[f->n] = strdup(name);
    if (!f->names[f->n])
        return;
    f->n++;
    l->status = FW_OK;
}

static int by_alphabet(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

fw_status fw_folder_list(const struct fw_disk *d, const char *path,
                         struct fw_folder *out, struct fw_err *err)
{
    struct listing l = {out, FW_OK};
    fw_status s;

    *out = (struct fw_folder){0};
    s = fw_disk_list(d, path, take_name, &l, err);
    if (s == FW_OK && l.status != FW_OK)
        s = fw_err_set(err, l.status, "no memory to list %s", path);
    if (s != FW_OK)
        fw_folder_close(out);
    if (out->n)
        qsort(out->names, out->n, sizeof(*out->names), by_alphabet);
    return s;
}

void fw_folder_close(struct fw_folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->names[i]);
    free(f->names);
    *f = (struct fw_folder){0};
}

bool fw_folder_checkpoint(const char *name, uint64_t *version)
{
    char again[64]; /* longer than any such name */
    const char *digits = name + strlen("checkpoint-");

    if (strncmp(name, "checkpoint-", strlen("checkpoint-")) != 0 ||
        !isdigit((unsigned char)*digits))
        return false;
    *version = strtoull(digits, NULL, 10);
    /* Only the one spelling that save gives it. */
    snprintf(again, sizeof(again), "checkpoint-%" PRIu64 ".safetensors",
             *version);
    return strcmp(name, again) == 0;
}

bool fw_folder_ends(const char *name, const char *with)
{
    size_t n = strlen(name);
    size_t k = strlen(with);

    return n >= k && strcmp(name + n - k, with) == 0;
}
