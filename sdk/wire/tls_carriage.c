#include "sdk/wire/tls_carriage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IN_BYTES (256u << 10) /* some records; they stay in a near cache */

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

void fw_carriage_rest(struct fw_carriage *c)
{
    if (!c->have) {
        free(c->in);
        c->in = NULL;
    }
    free(c->out);
    c->out = NULL;
    c->room = c->n = c->sent = 0;
}

void fw_carriage_close(struct fw_carriage *c)
{
    free(c->in);
    c->in = NULL;
    c->have = 0;
    fw_carriage_rest(c);
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

/* Bytes that have come; 0: the end, -1: errno. */
static ssize_t fetch(struct fw_carriage *c)
{
    ssize_t got;

    if (!c->in)
        c->in = malloc(IN_BYTES);
    if (!c->in)
        return -1;
    got = recv(c->fd, c->in, IN_BYTES, MSG_DONTWAIT);
    c->drained = got < (ssize_t)IN_BYTES;
    c->from = 0;
    c->have = got > 0 ? (size_t)got : 0;
    return got;
}

static int get(BIO *b, char *to, int n)
{
    struct fw_carriage *c = BIO_get_data(b);
    size_t want = n > 0 ? (size_t)n : 0;
    ssize_t got = 1;

    BIO_clear_retry_flags(b);
    if (!c->have)
        got = fetch(c);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(b);
    if (got <= 0)
        return (int)got;
    if (want > c->have)
        want = c->have;
    memcpy(to, c->in + c->from, want);
    c->from += want;
    c->have -= want;
    return (int)want;
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
