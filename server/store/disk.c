#include "server/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sdk/base/failpoint.h"

#define FILE_MODE   0600
#define FOLDER_MODE 0700

static int real_open(void *user, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, FILE_MODE);

    (void)user;
    return fd < 0 ? -errno : fd;
}

static int real_close(void *user, int fd)
{
    (void)user;
    return close(fd) ? -errno : 0;
}

static int64_t real_read(void *user, int fd, void *to, size_t n, uint64_t at)
{
    ssize_t got = pread(fd, to, n, (off_t)at);

    (void)user;
    return got < 0 ? -errno : got;
}

static int64_t real_write(void *user, int fd, const void *from, size_t n,
                          uint64_t at)
{
    ssize_t put = pwrite(fd, from, n, (off_t)at);

    (void)user;
    return put < 0 ? -errno : put;
}

static int64_t real_size(void *user, int fd)
{
    struct stat st;

    (void)user;
    if (fstat(fd, &st))
        return -errno;
    return S_ISREG(st.st_mode) ? st.st_size : -EINVAL;
}

static int64_t real_room(void *user, const char *path)
{
    struct statvfs v;

    (void)user;
    if (statvfs(path, &v))
        return -errno;
    return (int64_t)(v.f_bavail * v.f_frsize);
}

static int real_fsync(void *user, int fd)
{
    (void)user;
    return fsync(fd) ? -errno : 0;
}

static int real_rename(void *user, const char *from, const char *to)
{
    (void)user;
    return rename(from, to) ? -errno : 0;
}

static int real_unlink(void *user, const char *path)
{
    (void)user;
    return unlink(path) ? -errno : 0;
}

static int real_mkdir(void *user, const char *path)
{
    (void)user;
    return mkdir(path, FOLDER_MODE) ? -errno : 0;
}

static int real_rmdir(void *user, const char *path)
{
    (void)user;
    return rmdir(path) ? -errno : 0;
}

static int real_list(void *user, const char *path,
                     void (*each)(void *arg, const char *name), void *arg)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int failed;

    (void)user;
    if (!folder)
        return -errno;
    errno = 0;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(arg, entry->d_name);
        errno = 0;
    }
    failed = errno;
    closedir(folder);
    return -failed;
}

const struct fw_disk *fw_disk_real(void)
{
    static const struct fw_disk real = {
        .open = real_open,
        .close = real_close,
        .read = real_read,
        .write = real_write,
        .size = real_size,
        .room = real_room,
        .fsync = real_fsync,
        .rename = real_rename,
        .unlink = real_unlink,
        .mkdir = real_mkdir,
        .rmdir = real_rmdir,
        .list = real_list,
    };

    return &real;
}

/* Explain a negated errno. */
static fw_status fail(struct fw_err *err, const char *verb, const char *path,
                      int64_t code)
{
    int error = (int)-code;
    fw_status s = FW_IO;

    if (error == ENOENT)
        s = FW_NOT_FOUND;
    else if (error == ENOMEM)
        s = FW_NOMEM;
    return fw_err_set(err, s, "cannot %s %s: %s", verb, path,
                      strerrordesc_np(error));
}

fw_status fw_disk_open(const struct fw_disk *d, const char *path, int flags,
                       int *fd, struct fw_err *err)
{
    *fd = d->open(d->user, path, flags);
    return *fd < 0 ? fail(err, "open", path, *fd) : FW_OK;
}

fw_status fw_disk_close(const struct fw_disk *d, const char *path, int fd,
                        struct fw_err *err)
{
    int r = d->close(d->user, fd);

    return r < 0 ? fail(err, "close", path, r) : FW_OK;
}

fw_status fw_disk_size(const struct fw_disk *d, const char *path, int fd,
                       uint64_t *n, struct fw_err *err)
{
    int64_t r = d->size(d->user, fd);

    if (r < 0)
        return fail(err, "measure", path, r);
    *n = (uint64_t)r;
    return FW_OK;
}

fw_status fw_disk_read(const struct fw_disk *d, const struct fw_disk_piece *p,
                       void *to, struct fw_err *err)
{
    size_t done = 0;

    while (done < p->n) {
        int64_t got = d->read(d->user, p->fd, (char *)to + done, p->n - done,
                              p->at + done);

        if (got == -EINTR)
            continue;
        if (got < 0)
            return fail(err, "read", p->path, got);
        if (got == 0)
            return fw_err_set(err, FW_CORRUPT, "%s ends at byte %" PRIu64,
                              p->path, p->at + done);
        done += (size_t)got;
    }
    return FW_OK;
}

fw_status fw_disk_write(const struct fw_disk *d, const struct fw_disk_piece *p,
                        const void *from, struct fw_err *err)
{
    size_t done = 0;

    while (done < p->n) {
        int64_t put = d->write(d->user, p->fd, (const char *)from + done,
                               p->n - done, p->at + done);

        if (put == -EINTR)
            continue;
        if (put <= 0)
            return fail(err, "write", p->path, put ? put : -EIO);
        done += (size_t)put;
    }
    return FW_OK;
}

fw_status fw_disk_fsync(const struct fw_disk *d, const char *path, int fd,
                        struct fw_err *err)
{
    int r = d->fsync(d->user, fd);

    return r < 0 ? fail(err, "fsync", path, r) : FW_OK;
}

fw_status fw_disk_rename(const struct fw_disk *d, const char *from,
                         const char *to, struct fw_err *err)
{
    int r = d->rename(d->user, from, to);

    return r < 0 ? fail(err, "rename", from, r) : FW_OK;
}

fw_status fw_disk_unlink(const struct fw_disk *d, const char *path,
                         struct fw_err *err)
{
    int r = d->unlink(d->user, path);

    return r < 0 ? fail(err, "remove", path, r) : FW_OK;
}

fw_status fw_disk_list(const struct fw_disk *d, const char *path,
                       void (*each)(void *arg, const char *name), void *arg,
                       struct fw_err *err)
{
    int r = d->list(d->user, path, each, arg);

    return r < 0 ? fail(err, "list", path, r) : FW_OK;
}

fw_status fw_disk_sync_folder(const struct fw_disk *d, const char *path,
                              struct fw_err *err)
{
    int fd;
    fw_status s = fw_failpoint("folder.sync", err);

    if (s == FW_OK)
        s = fw_disk_open(d, path, O_RDONLY | O_DIRECTORY, &fd, err);
    if (s != FW_OK)
        return s;
    s = fw_disk_fsync(d, path, fd, err);
    (void)d->close(d->user, fd); /* nothing was written through it */
    return s;
}

/* Have the entry of `path` in its parent on disk. */
static fw_status sync_parent(const struct fw_disk *d, const char *path,
                             struct fw_err *err)
{
    char parent[PATH_MAX];
    char *slash;

    snprintf(parent, sizeof(parent), "%s", path);
    slash = strrchr(parent, '/');
    if (!slash)
        return fw_disk_sync_folder(d, ".", err);
    slash[slash == parent] = '\0'; /* the root keeps its slash */
    return fw_disk_sync_folder(d, parent, err);
}

fw_status fw_disk_make_folder(const struct fw_disk *d, const char *path,
                              struct fw_err *err)
{
    int r = d->mkdir(d->user, path);
    fw_status s;

    /* Who made it may have died before its entry was on disk. */
    if (r < 0 && r != -EEXIST)
        return fail(err, "make folder", path, r);
    s = fw_failpoint("folder.made", err);
    return s == FW_OK ? sync_parent(d, path, err) : s;
}

fw_status fw_disk_remove_folder(const struct fw_disk *d, const char *path,
                                struct fw_err *err)
{
    int r = d->rmdir(d->user, path);

    return r < 0 ? fail(err, "remove folder", path, r)
                 : sync_parent(d, path, err);
}
