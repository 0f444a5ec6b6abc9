/* What a power loss leaves of a disk in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/memory_parts.h"

#define SECTOR 512u

/* How much of what is not durable survives. */
enum luck { NOTHING, ALL, FIRST_ONES, ANY };

static bool survives(enum luck luck, unsigned i, unsigned first,
                     struct fw_random *dice)
{
    switch (luck) {
    case NOTHING:
        return false;
    case ALL:
        return true;
    case FIRST_ONES:
        return i < first;
    default:
        return fw_random_below(dice, 2) != 0;
    }
}

static enum luck draw(struct fw_random *dice, unsigned n, unsigned *first)
{
    *first = (unsigned)fw_random_below(dice, n + 1);
    return (enum luck)fw_random_below(dice, ANY + 1);
}

/* The contents of a file, some sectors of its last writes among them. */
static void survive(const struct memory_file *from, struct fw_random *dice,
                    struct memory_file *to)
{
    unsigned first;
    enum luck luck = draw(dice, from->n_writes, &first);

    to->data = memory_copy(from->durable, from->n_durable);
    to->n = from->n_durable;
    if (fw_random_below(dice, 4) == 0 && from->n > to->n) /* length alone */
        memory_put(&to->data, &to->n, "", 1, from->n - 1);
    for (unsigned i = 0; i < from->n_writes; i++) {
        const struct memory_write *w = &from->writes[i];
        bool torn = fw_random_below(dice, 3) == 0;

        if (!survives(luck, i, first, dice))
            continue;
        for (size_t at = 0; at < w->n; at += SECTOR) {
            size_t n = w->n - at < SECTOR ? w->n - at : SECTOR;

            if (!torn || fw_random_below(dice, 2))
                memory_put(&to->data, &to->n, w->data + at, n, w->at + at);
        }
    }
    to->durable = memory_copy(to->data, to->n);
    to->n_durable = to->n;
}

static struct memory_file *of_image(const struct memory_disk *from,
                                    struct memory_disk *out,
                                    const struct memory_file *file)
{
    for (unsigned i = 0; i < from->n_files; i++) {
        if (from->files[i] == file)
            return out->files[i];
    }
    return NULL;
}

/* Names whose folder is lost are lost. */
static void drop_orphans(struct memory_disk *d)
{
    for (unsigned i = 0; i < d->n_names;) {
        char folder[MEMORY_DISK_PATH];
        char *slash;

        memcpy(folder, d->names[i].path, sizeof(folder));
        slash = strrchr(folder, '/');
        *slash = '\0';
        if (slash == folder || memory_find(d->names, d->n_names, folder)) {
            i++;
            continue;
        }
        memory_unset(d->names, &d->n_names, d->names[i].path);
        i = 0;
    }
}

void memory_disk_image(const struct memory_disk *from, struct fw_random *dice,
                       struct memory_disk *out)
{
    unsigned first;
    enum luck luck = draw(dice, from->n_changes, &first);

    memory_disk_open(out);
    memcpy(out->names, from->durable, sizeof(out->names));
    out->n_names = from->n_durable;
    for (unsigned i = 0; i < from->n_changes; i++) {
        if (survives(luck, i, first, dice))
            memory_apply(out->names, &out->n_names, &from->changes[i]);
    }
    drop_orphans(out);
    for (unsigned i = 0; i < from->n_files; i++)
        survive(from->files[i], dice, memory_add_file(out));
    for (unsigned i = 0; i < out->n_names; i++)
        out->names[i].file = of_image(from, out, out->names[i].file);
    memcpy(out->durable, out->names, sizeof(out->durable));
    out->n_durable = out->n_names;
}
