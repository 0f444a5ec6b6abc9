#include "server/rpc/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG    1024
#define LOCK_TRIES 100 /* of so many ms each */
#define LOCK_MS    10

/* The folder of the path, locked; -1 with errno.  Who has it keeps it for a
 * few system calls. */
static int lock_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char *slash;
    int fd;

    snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno == EWOULDBLOCK && i < LOCK_TRIES) {
            poll(NULL, 0, LOCK_MS);
            continue;
        }
        close(fd);
        errno = EBUSY;
        return -1;
    }
    return fd;
}

/* Does somebody listen at the path?  Only a refusal says that nobody does. */
static bool is_taken(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool taken;

    if (fd < 0)
        return true;
    taken = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
            errno != ECONNREFUSED;
    close(fd);
    return taken;
}

/* Take away what an ended server has left. */
static fw_status make_way(const struct sockaddr_un *at, struct fw_err *err)
{
    struct stat is;

    if (lstat(at->sun_path, &is) != 0)
        return FW_OK; /* nothing there, or bind will say */
    if (!S_ISSOCK(is.st_mode))
        return fw_err_set(err, FW_IO,
                          "cannot listen on unix:%s: a file is there that is "
                          "no socket",
                          at->sun_path);
    if (is_taken(at))
        return fw_err_set(err, FW_IO,
                          "cannot listen on unix:%s: another server listens "
                          "there; end it or choose another path",
                          at->sun_path);
    if (unlink(at->sun_path) == 0)
        return FW_OK;
    return fw_err_set(err, FW_IO,
                      "cannot listen on unix:%s: what an ended server has left "
                      "there cannot be removed: %s",
                      at->sun_path, strerror(errno));
}

/* The mode is that of the file from its birth; a narrow umask would take from
 * it, so it is said again. */
static bool bind_file(struct fw_socket_file *f, mode_t mode)
{
    struct stat is;

    f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (f->fd < 0 || fchmod(f->fd, mode) != 0 ||
        bind(f->fd, (const struct sockaddr *)&f->at, sizeof(f->at)) != 0)
        return false;
    if (lstat(f->at.sun_path, &is) != 0)
        return false;
    f->device = is.st_dev;
    f->inode = is.st_ino;
    return chmod(f->at.sun_path, mode) == 0 && listen(f->fd, BACKLOG) == 0;
}

fw_status fw_socket_file_open(struct fw_socket_file *f, const char *path,
                              mode_t mode, struct fw_err *err)
{
    fw_status s = FW_OK;
    int folder;

    *f = (struct fw_socket_file){.fd = -1, .at = {.sun_family = AF_UNIX}};
    if (!path[0] || strlen(path) >= sizeof(f->at.sun_path))
        return fw_err_set(err, FW_INVALID,
                          "cannot listen on unix:%s: a path has 1 to %zu bytes",
                          path, sizeof(f->at.sun_path) - 1);
    snprintf(f->at.sun_path, sizeof(f->at.sun_path), "%s", path);
    folder = lock_folder(path);
    if (folder < 0)
        return fw_err_set(err, FW_IO,
                          "cannot listen on unix:%s: its folder: %s", path,
                          strerror(errno));
    s = make_way(&f->at, err);
    if (s == FW_OK && !bind_file(f, mode)) {
        s = fw_err_set(err, FW_IO, "cannot listen on unix:%s: %s", path,
                       strerror(errno));
        fw_socket_file_close(f);
    }
    close(folder);
    return s;
}

void fw_socket_file_close(struct fw_socket_file *f)
{
    struct stat is;

    if (f->fd < 0)
        return;
    if (f->inode && lstat(f->at.sun_path, &is) == 0 && is.st_dev == f->device &&
        is.st_ino == f->inode)
        (void)unlink(f->at.sun_path);
    close(f->fd);
    f->fd = -1;
}
