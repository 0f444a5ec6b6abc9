#include "server/rpc/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <grpc/grpc_posix.h>

static void *run(void *arg)
{
    struct fw_porter *p = arg;
    int fd;
    ssize_t n;

    /* so few bytes are written and read as one */
    while ((n = read(p->way[0], &fd, sizeof(fd))) != 0) {
        if (n == (ssize_t)sizeof(fd))
            grpc_server_add_channel_from_fd(p->server, fd, p->kind);
        else if (errno != EINTR)
            break;
    }
    __atomic_store_n(&p->done, true, __ATOMIC_RELEASE);
    return NULL;
}

fw_status fw_porter_open(struct fw_porter *p, grpc_server *server,
                         grpc_server_credentials *kind, struct fw_err *err)
{
    *p = (struct fw_porter){.server = server, .kind = kind, .way = {-1, -1}};
    if (pipe2(p->way, O_CLOEXEC) != 0 ||
        fcntl(p->way[1], F_SETFL, O_NONBLOCK) != 0) {
        (void)fw_err_set(err, FW_IO, "cannot make a pipe: %s", strerror(errno));
        goto failed;
    }
    if (pthread_create(&p->thread, NULL, run, p) == 0)
        return FW_OK;
    (void)fw_err_set(err, FW_NOMEM, "cannot start a thread");
failed:
    for (int i = 0; i < 2; i++) {
        if (p->way[i] >= 0)
            close(p->way[i]);
        p->way[i] = -1;
    }
    return FW_IO;
}

bool fw_porter_bring(struct fw_porter *p, int fd)
{
    return write(p->way[1], &fd, sizeof(fd)) == (ssize_t)sizeof(fd);
}

void fw_porter_end(struct fw_porter *p)
{
    if (p->way[1] >= 0)
        close(p->way[1]);
    p->way[1] = -1;
}

void fw_porter_close(struct fw_porter *p)
{
    if (p->way[0] < 0)
        return;
    fw_porter_end(p);
    pthread_join(p->thread, NULL);
    close(p->way[0]);
    p->way[0] = -1;
}
