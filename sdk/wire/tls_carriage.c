#include "sdk/wire/tls_carriage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool fw_carriage_reserve(struct fw_carriage *c, size_t more)
{
    uint8_t *out;

    if (c->room - c->n >= more)
        return true;
    out = realloc(c->out, c->n + more);
    if (!out)
        return false;
    c->out = out;
    c->room = c->n + more;
    return true;
}

void fw_carriage_close(struct fw_carriage *c)
{
    free(c->out);
    *c = (struct fw_carriage){.fd = c->fd, .drained = c->drained};
}

int fw_carriage_flush(struct fw_carriage *c)
{
    while (c->sent < c->n) {
        ssize_t n = send(c->fd, c->out + c->sent, c->n - c->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0)
            return errno == EINTR ? EAGAIN : errno;
        c->sent += (size_t)n;
    }
    c->sent = 0;
    c->n = 0;
    return 0;
}

static int put(BIO *b, const char *data, int n)
{
    struct fw_carriage *c = BIO_get_data(b);

    BIO_clear_retry_flags(b);
    if (n <= 0 || !fw_carriage_reserve(c, (size_t)n))
        return -1;
    memcpy(c->out + c->n, data, (size_t)n);
    c->n += (size_t)n;
    return n;
}

static int get(BIO *b, char *to, int n)
{
    struct fw_carriage *c = BIO_get_data(b);
    ssize_t got = recv(c->fd, to, n > 0 ? (size_t)n : 0, MSG_DONTWAIT);

    BIO_clear_retry_flags(b);
    c->drained = got < n;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    return (int)got;
}

static long control(BIO *b, int what, long number, void *pointer)
{
    (void)b;
    (void)number;
    (void)pointer;
    return what == BIO_CTRL_FLUSH; /* the owner flushes */
}

BIO_METHOD *fw_carriage_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "flywheel lane");

    if (m && BIO_meth_set_write(m, put) == 1 &&
        BIO_meth_set_read(m, get) == 1 && BIO_meth_set_ctrl(m, control) == 1)
        return m;
    BIO_meth_free(m);
    return NULL;
}
