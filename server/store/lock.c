#include "server/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE   0600
#define FOLDER_MODE 0700
#define PID_TEXT    24 /* a process number, and its end */

static fw_status fail(struct fw_err *err, const char *data_dir, int error)
{
    return fw_err_set(
        err, error == EACCES || error == EPERM ? FW_DENIED : FW_IO,
        "cannot use data folder %s: %s", data_dir, strerrordesc_np(error));
}

/* Tell who holds the lock; a note for people, so that it cannot be read is no
 * failure. */
static fw_status refuse(struct fw_err *err, const char *data_dir, int fd)
{
    char pid[PID_TEXT] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n < 0 ? 0 : n] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    return fw_err_set(err, FW_BUSY,
                      "data folder %s belongs to a running server (process %s)",
                      data_dir, pid[0] ? pid : "unknown");
}

static fw_status note_pid(int fd, const char *data_dir, struct fw_err *err)
{
    char pid[PID_TEXT];
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
        return fail(err, data_dir, errno ? errno : EIO);
    return FW_OK;
}

fw_status fw_lock_take(struct fw_lock *lock, const char *data_dir,
                       struct fw_err *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/lock", data_dir);
    fw_status s = FW_OK;

    *lock = (struct fw_lock){.fd = -1};
    if (n < 0 || (size_t)n >= sizeof(path))
        return fail(err, data_dir, ENAMETOOLONG);
    if (mkdir(data_dir, FOLDER_MODE) && errno != EEXIST)
        return fail(err, data_dir, errno);
    lock->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (lock->fd < 0)
        return fail(err, data_dir, errno);
    lock->taken = true;
    if (flock(lock->fd, LOCK_EX | LOCK_NB))
        s = errno == EWOULDBLOCK ? refuse(err, data_dir, lock->fd)
                                 : fail(err, data_dir, errno);
    if (s == FW_OK)
        s = note_pid(lock->fd, data_dir, err);
    if (s != FW_OK)
        fw_lock_close(lock);
    return s;
}

void fw_lock_close(struct fw_lock *lock)
{
    if (lock->taken)
        close(lock->fd);
    *lock = (struct fw_lock){.fd = -1};
}
