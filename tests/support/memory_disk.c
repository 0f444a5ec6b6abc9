#include "tests/support/memory_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR     512u
#define WRITES_MAX 64
#define FOLDER_FD  0

struct memory_write {
    uint8_t *data; /* owned */
    size_t n;
    uint64_t at;
};

struct memory_file {
    uint8_t *data; /* owned; as programs see it */
    size_t n;
    uint8_t *durable; /* owned */
    size_t n_durable;
    struct memory_write writes[WRITES_MAX]; /* since the last fsync */
    unsigned n_writes;
};

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "memory_disk: %s\n", what);
    abort();
}

static void *copy(const void *data, size_t n)
{
    void *to = malloc(n ? n : 1);

    need(to != NULL, "no memory");
    if (n)
        memcpy(to, data, n);
    return to;
}

static struct memory_file *add_file(struct memory_disk *d)
{
    struct memory_file *f = calloc(1, sizeof(*f));

    need(f && d->n_files < MEMORY_DISK_FILES, "too many files");
    return d->files[d->n_files++] = f;
}

static void forget_writes(struct memory_file *f)
{
    for (unsigned i = 0; i < f->n_writes; i++)
        free(f->writes[i].data);
    f->n_writes = 0;
}

/* --- lists of names --- */

static struct memory_name *find(struct memory_name *names, unsigned n,
                                const char *path)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(names[i].path, path) == 0)
            return &names[i];
    }
    return NULL;
}

static void unset(struct memory_name *names, unsigned *n, const char *path)
{
    struct memory_name *was = find(names, *n, path);

    if (was) /* `path` may lie in it: it is of no use from here on */
        *was = names[--*n];
}

static void apply(struct memory_name *names, unsigned *n,
                  const struct memory_change *c)
{
    if (c->from[0])
        unset(names, n, c->from);
    if (c->to.path[0]) {
        unset(names, n, c->to.path);
        need(*n < MEMORY_DISK_NAMES, "too many names");
        names[(*n)++] = c->to;
    }
}

static bool is_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && path[n] == '/' &&
           !strchr(path + n + 1, '/');
}

static void change(struct memory_disk *d, const char *from, const char *to,
                   struct memory_file *file)
{
    struct memory_change *c = &d->changes[d->n_changes];

    need(d->n_changes < MEMORY_DISK_FILES, "too many changes");
    memset(c, 0, sizeof(*c));
    snprintf(c->from, sizeof(c->from), "%s", from);
    snprintf(c->to.path, sizeof(c->to.path), "%s", to);
    c->to.file = file;
    apply(d->names, &d->n_names, c);
    d->n_changes++;
}

/* --- faults --- */

/* 0, or what the call fails with; 1: it moves one byte. */
static int trouble(struct memory_disk *d)
{
    uint64_t call = d->calls++;

    if (call >= d->power_at)
        return -EIO;
    if (call != d->fail_at && !(d->sticky && call > d->fail_at))
        return 0;
    return d->error ? d->error : 1;
}

/* --- the table --- */

static int md_open(void *user, const char *path, int flags)
{
    struct memory_disk *d = user;
    struct memory_name *name = find(d->names, d->n_names, path);
    int r = trouble(d);
    int fd = FOLDER_FD;

    if (r < 0)
        return r;
    while (d->opens[fd].used)
        need(++fd < MEMORY_DISK_OPENS, "too many open files");
    if (name && flags & O_EXCL)
        return -EEXIST;
    if (!name && !(flags & O_CREAT))
        return -ENOENT;
    if (!name)
        change(d, "", path, add_file(d));
    name = find(d->names, d->n_names, path);
    d->opens[fd] = (struct memory_open){.used = true, .file = name->file};
    memcpy(d->opens[fd].path, name->path, sizeof(name->path));
    return fd;
}

static int md_close(void *user, int fd)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    need(d->opens[fd].used, "a file is closed twice");
    d->opens[fd].used = false;
    return r < 0 ? r : 0;
}

static int64_t md_read(void *user, int fd, void *to, size_t n, uint64_t at)
{
    struct memory_disk *d = user;
    const struct memory_file *f = d->opens[fd].file;
    int r = trouble(d);

    if (r < 0)
        return r;
    if (!f)
        return -EISDIR;
    if (at >= f->n)
        return 0;
    if (n > f->n - at)
        n = f->n - at;
    if (r && n)
        n = 1;
    memcpy(to, f->data + at, n);
    return (int64_t)n;
}

/* Bytes of a file grow with zeros. */
static void put(uint8_t **data, size_t *n, const void *from, size_t len,
                uint64_t at)
{
    if (at + len > *n) {
        *data = realloc(*data, at + len);
        need(*data != NULL, "no memory");
        memset(*data + *n, 0, at + len - *n);
        *n = at + len;
    }
    memcpy(*data + at, from, len);
}

static int64_t md_write(void *user, int fd, const void *from, size_t n,
                        uint64_t at)
{
    struct memory_disk *d = user;
    struct memory_file *f = d->opens[fd].file;
    bool dying = d->calls == d->power_at; /* it may be on its way already */
    int r = trouble(d);

    if (r < 0 && !dying)
        return r;
    if (r == 1 && n)
        n = 1;
    need(f && f->n_writes < WRITES_MAX, "too many writes");
    if (n) {
        f->writes[f->n_writes++] = (struct memory_write){copy(from, n), n, at};
        put(&f->data, &f->n, from, n, at);
    }
    return dying ? -EIO : (int64_t)n;
}

static int64_t md_size(void *user, int fd)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    return r < 0 ? r : (int64_t)d->opens[fd].file->n;
}

static void sync_folder(struct memory_disk *d, const char *folder)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < d->n_changes; i++) {
        const struct memory_change *c = &d->changes[i];

        if (is_in(c->from[0] ? c->from : c->to.path, folder))
            apply(d->durable, &d->n_durable, c);
        else
            d->changes[kept++] = *c;
    }
    d->n_changes = kept;
}

static int md_fsync(void *user, int fd)
{
    struct memory_disk *d = user;
    struct memory_file *f = d->opens[fd].file;
    int r = trouble(d);

    if (r < 0)
        return r;
    if (!f) {
        sync_folder(d, d->opens[fd].path);
        return 0;
    }
    free(f->durable);
    f->durable = copy(f->data, f->n);
    f->n_durable = f->n;
    forget_writes(f);
    return 0;
}

static int md_rename(void *user, const char *from, const char *to)
{
    struct memory_disk *d = user;
    struct memory_name *name = find(d->names, d->n_names, from);
    int r = trouble(d);

    if (r < 0)
        return r;
    if (!name)
        return -ENOENT;
    change(d, from, to, name->file);
    return 0;
}

static int md_unlink(void *user, const char *path)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    if (r < 0)
        return r;
    if (!find(d->names, d->n_names, path))
        return -ENOENT;
    change(d, path, "", NULL);
    return 0;
}

static int md_mkdir(void *user, const char *path)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    if (r < 0)
        return r;
    if (find(d->names, d->n_names, path))
        return -EEXIST;
    change(d, "", path, NULL);
    return 0;
}

static int md_list(void *user, const char *path,
                   void (*each)(void *arg, const char *name), void *arg)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    if (r < 0)
        return r;
    if (!find(d->names, d->n_names, path))
        return -ENOENT;
    for (unsigned i = 0; i < d->n_names; i++) {
        if (is_in(d->names[i].path, path))
            each(arg, strrchr(d->names[i].path, '/') + 1);
    }
    return 0;
}

/* --- */

void memory_disk_open(struct memory_disk *d)
{
    memset(d, 0, sizeof(*d));
    d->disk = (struct fw_disk){
        .user = d,
        .open = md_open,
        .close = md_close,
        .read = md_read,
        .write = md_write,
        .size = md_size,
        .fsync = md_fsync,
        .rename = md_rename,
        .unlink = md_unlink,
        .mkdir = md_mkdir,
        .rmdir = md_unlink,
        .list = md_list,
    };
    d->fail_at = MEMORY_DISK_NEVER;
    d->power_at = MEMORY_DISK_NEVER;
    snprintf(d->names[0].path, sizeof(d->names[0].path), "/");
    snprintf(d->names[1].path, sizeof(d->names[1].path), "/data");
    d->n_names = 2;
    memcpy(d->durable, d->names, sizeof(d->names));
    d->n_durable = 2;
}

void memory_disk_close(struct memory_disk *d)
{
    for (unsigned i = 0; i < d->n_files; i++) {
        forget_writes(d->files[i]);
        free(d->files[i]->data);
        free(d->files[i]->durable);
        free(d->files[i]);
    }
    memset(d, 0, sizeof(*d));
}

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

    to->data = copy(from->durable, from->n_durable);
    to->n = from->n_durable;
    if (fw_random_below(dice, 4) == 0 && from->n > to->n) /* length alone */
        put(&to->data, &to->n, "", 1, from->n - 1);
    for (unsigned i = 0; i < from->n_writes; i++) {
        const struct memory_write *w = &from->writes[i];
        bool torn = fw_random_below(dice, 3) == 0;

        if (!survives(luck, i, first, dice))
            continue;
        for (size_t at = 0; at < w->n; at += SECTOR) {
            size_t n = w->n - at < SECTOR ? w->n - at : SECTOR;

            if (!torn || fw_random_below(dice, 2))
                put(&to->data, &to->n, w->data + at, n, w->at + at);
        }
    }
    to->durable = copy(to->data, to->n);
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
        if (slash == folder || find(d->names, d->n_names, folder)) {
            i++;
            continue;
        }
        unset(d->names, &d->n_names, d->names[i].path);
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
            apply(out->names, &out->n_names, &from->changes[i]);
    }
    drop_orphans(out);
    for (unsigned i = 0; i < from->n_files; i++)
        survive(from->files[i], dice, add_file(out));
    for (unsigned i = 0; i < out->n_names; i++)
        out->names[i].file = of_image(from, out, out->names[i].file);
    memcpy(out->durable, out->names, sizeof(out->durable));
    out->n_durable = out->n_names;
}
