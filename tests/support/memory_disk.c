#include "tests/support/memory_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_FD 0

void memory_need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "memory_disk: %s\n", what);
    abort();
}

void (*memory_disk_allocates)(bool begins);

static void *allocate(void *was, size_t n)
{
    void *p;

    if (memory_disk_allocates)
        memory_disk_allocates(true);
    p = realloc(was, n ? n : 1);
    if (memory_disk_allocates)
        memory_disk_allocates(false);
    memory_need(p != NULL, "no memory");
    return p;
}

void *memory_copy(const void *data, size_t n)
{
    void *to = allocate(NULL, n);

    if (n)
        memcpy(to, data, n);
    return to;
}

struct memory_file *memory_add_file(struct memory_disk *d)
{
    struct memory_file *f = allocate(NULL, sizeof(*f));

    memset(f, 0, sizeof(*f));
    memory_need(d->n_files < MEMORY_DISK_FILES, "too many files");
    return d->files[d->n_files++] = f;
}

static void forget_writes(struct memory_file *f)
{
    for (unsigned i = 0; i < f->n_writes; i++)
        free(f->writes[i].data);
    f->n_writes = 0;
}

/* --- lists of names --- */

struct memory_name *memory_find(struct memory_name *names, unsigned n,
                                const char *path)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(names[i].path, path) == 0)
            return &names[i];
    }
    return NULL;
}

void memory_unset(struct memory_name *names, unsigned *n, const char *path)
{
    struct memory_name *was = memory_find(names, *n, path);

    if (was) /* `path` may lie in it: it is of no use from here on */
        *was = names[--*n];
}

void memory_apply(struct memory_name *names, unsigned *n,
                  const struct memory_change *c)
{
    if (c->from[0])
        memory_unset(names, n, c->from);
    if (c->to.path[0]) {
        memory_unset(names, n, c->to.path);
        memory_need(*n < MEMORY_DISK_NAMES, "too many names");
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

    memory_need(d->n_changes < MEMORY_DISK_FILES, "too many changes");
    memset(c, 0, sizeof(*c));
    snprintf(c->from, sizeof(c->from), "%s", from);
    snprintf(c->to.path, sizeof(c->to.path), "%s", to);
    c->to.file = file;
    memory_apply(d->names, &d->n_names, c);
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
    struct memory_name *name = memory_find(d->names, d->n_names, path);
    int r = trouble(d);
    int fd = FOLDER_FD;

    if (r < 0)
        return r;
    while (d->opens[fd].used)
        memory_need(++fd < MEMORY_DISK_OPENS, "too many open files");
    if (name && flags & O_EXCL)
        return -EEXIST;
    if (!name && !(flags & O_CREAT))
        return -ENOENT;
    if (!name)
        change(d, "", path, memory_add_file(d));
    name = memory_find(d->names, d->n_names, path);
    d->opens[fd] = (struct memory_open){.used = true, .file = name->file};
    memcpy(d->opens[fd].path, name->path, sizeof(name->path));
    return fd;
}

static int md_close(void *user, int fd)
{
    struct memory_disk *d = user;
    int r = trouble(d);

    memory_need(d->opens[fd].used, "a file is closed twice");
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
void memory_put(uint8_t **data, size_t *n, const void *from, size_t len,
                uint64_t at)
{
    if (at + len > *n) {
        *data = allocate(*data, at + len);
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
    memory_need(f && f->n_writes < MEMORY_WRITES, "too many writes");
    if (n) {
        f->writes[f->n_writes++] =
            (struct memory_write){memory_copy(from, n), n, at};
        memory_put(&f->data, &f->n, from, n, at);
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
            memory_apply(d->durable, &d->n_durable, c);
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
    f->durable = memory_copy(f->data, f->n);
    f->n_durable = f->n;
    forget_writes(f);
    return 0;
}

static int md_rename(void *user, const char *from, const char *to)
{
    struct memory_disk *d = user;
    struct memory_name *name = memory_find(d->names, d->n_names, from);
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
    if (!memory_find(d->names, d->n_names, path))
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
    if (memory_find(d->names, d->n_names, path))
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
    if (!memory_find(d->names, d->n_names, path))
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
