#include "sdk/wire/pipe_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/tls_carriage.h"

#define RECORD_BYTES 16384u       /* of text; TLS has no larger ones */
#define RECORD_EXTRA 256u         /* a record's head and tag are less */
#define OUT_BYTES    (256u << 10) /* encrypted before they are sent */
#define RECORDS_MAX  (OUT_BYTES / (RECORD_BYTES + RECORD_EXTRA))

struct tls {
    struct fw_tls_side *side; /* counted */
    SSL *ssl;                 /* owned */
    int64_t until_ms;         /* the handshake's end */

    pthread_mutex_t lock;        /* guards what follows, and `ssl` */
    struct fw_carriage carriage; /* of `ssl` */
    bool shaken;                 /* the handshake is made */
    bool dry;      /* nothing is to be had before the socket has more */
    int broken;    /* errno of the end; 0: it lives */
    size_t owed;   /* text in the carriage that the caller will send again */
    char why[128]; /* the text of `broken` */
};

/* --- what both directions need; the lock is held --- */

/* The first failure is the one that is told.  The socket is shut, so that who
 * waits for it learns of the end, after what may tell the other end why. */
static void fail(struct fw_pipe *p, int error, const char *why)
{
    struct tls *t = p->state;

    if (t->broken)
        return;
    t->broken = error;
    snprintf(t->why, sizeof(t->why), "%s", why);
    p->trouble = t->why;
    (void)fw_carriage_flush(&t->carriage);
    (void)shutdown(p->fd, SHUT_RDWR);
}

/* What OpenSSL has said to a read, write or handshake that has not succeeded.
 * True: wait for the socket; else the pipe is broken, or at its end. */
static bool passes(struct fw_pipe *p, int returned)
{
    struct tls *t = p->state;
    int error = errno;
    int what = SSL_get_error(t->ssl, returned);
    long verdict = SSL_get_verify_result(t->ssl);

    if (what == SSL_ERROR_WANT_READ) {
        t->dry = true;
        return true;
    }
    if (what == SSL_ERROR_ZERO_RETURN)
        return false;
    if (what == SSL_ERROR_SYSCALL && !t->shaken && !error)
        fail(p, ECONNRESET, "the other end closed during the handshake");
    else if (what == SSL_ERROR_SYSCALL)
        fail(p, error ? error : EIO, strerror(error ? error : EIO));
    else if (!t->shaken && verdict != X509_V_OK)
        fail(p, EPROTO, X509_verify_cert_error_string(verdict));
    else
        fail(p, EPROTO, fw_tls_reason());
    ERR_clear_error();
    return false;
}

/* Send what is encrypted.  False: some of it is still there. */
static bool flush(struct fw_pipe *p)
{
    struct tls *t = p->state;
    int error = fw_carriage_flush(&t->carriage);

    if (error && error != EAGAIN)
        fail(p, error, strerror(error));
    return !error;
}

/* Is there a connection by now? */
static bool shake(struct fw_pipe *p)
{
    struct tls *t = p->state;
    int done;

    if (t->shaken || t->broken)
        return t->shaken;
    ERR_clear_error();
    errno = 0;
    done = SSL_do_handshake(t->ssl);
    t->shaken = done == 1;
    if (done != 1 && !passes(p, done) && !t->broken)
        fail(p, ECONNRESET, "the other end closed during the handshake");
    (void)flush(p);
    t->dry = t->dry && !t->shaken;
    if (!t->shaken && fw_clock_mono_ms() > t->until_ms)
        fail(p, ETIMEDOUT, "no handshake in time");
    return t->shaken;
}

/* --- receiving --- */

/* One record, or the rest of one.  Bytes; 0: the end, -1: errno. */
static ssize_t receive_one(struct fw_pipe *p, void *to, size_t n)
{
    struct tls *t = p->state;
    size_t got = 0;

    if (!shake(p)) {
        errno = t->broken ? t->broken : EAGAIN;
        return -1;
    }
    ERR_clear_error();
    errno = 0;
    if (SSL_read_ex(t->ssl, to, n, &got) == 1) {
        t->dry = t->carriage.drained && !t->carriage.have &&
                 !SSL_has_pending(t->ssl);
        return (ssize_t)got;
    }
    errno = passes(p, 0) ? EAGAIN : t->broken;
    return errno ? -1 : 0;
}

/* Record by record, until there is no more or no more is wanted. */
static ssize_t tls_receive(struct fw_pipe *p, void *to, size_t n)
{
    struct tls *t = p->state;
    uint8_t *next = to;
    size_t total = 0;
    ssize_t got;
    bool dry;

    do {
        pthread_mutex_lock(&t->lock);
        got = receive_one(p, next + total, n - total);
        dry = t->dry;
        pthread_mutex_unlock(&t->lock);
        total += got > 0 ? (size_t)got : 0;
    } while (got > 0 && total < n && !dry);
    return total ? (ssize_t)total : got;
}

/* --- sending --- */

/* A place in the pieces of a message. */
struct place {
    const struct iovec *pieces;
    size_t n;    /* pieces from here on */
    size_t skip; /* bytes of the first that are done */
};

/* Text for a record: from a piece itself if that fills it, else gathered in
 * `store`. */
static size_t next_text(struct place *at, uint8_t store[RECORD_BYTES],
                        const uint8_t **text)
{
    size_t have = 0;

    while (at->n && have < RECORD_BYTES) {
        const uint8_t *from = (const uint8_t *)at->pieces->iov_base + at->skip;
        size_t left = at->pieces->iov_len - at->skip;
        size_t take = left < RECORD_BYTES - have ? left : RECORD_BYTES - have;

        *text = take == RECORD_BYTES ? from : store;
        if (take && take < RECORD_BYTES)
            memcpy(store + have, from, take);
        have += take;
        at->skip += take;
        if (at->skip == at->pieces->iov_len) {
            at->pieces++;
            at->n--;
            at->skip = 0;
        }
    }
    return have;
}

/* Encrypt as much as goes out at once; false: the pipe is broken. */
static bool encrypt(struct fw_pipe *p, const struct iovec *pieces, size_t n)
{
    struct tls *t = p->state;
    struct place at = {pieces, n, 0};
    uint8_t store[RECORD_BYTES];
    const uint8_t *text = NULL;
    size_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += pieces[i].iov_len;
    total += (total / RECORD_BYTES + 1) * RECORD_EXTRA;
    if (!fw_carriage_reserve(&t->carriage,
                             total < OUT_BYTES ? total : OUT_BYTES)) {
        fail(p, ENOMEM, strerror(ENOMEM));
        return false;
    }
    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        size_t have = next_text(&at, store, &text);
        size_t done = 0;

        if (!have)
            break;
        ERR_clear_error();
        errno = 0;
        if (SSL_write_ex(t->ssl, text, have, &done) != 1) {
            if (passes(p, 0) || !t->broken)
                fail(p, EPROTO, "a record was not taken");
            return false;
        }
        t->owed += have;
    }
    return true;
}

static ssize_t send_some(struct fw_pipe *p, const struct iovec *pieces,
                         size_t n)
{
    struct tls *t = p->state;
    size_t done;

    if (shake(p) && flush(p) && !t->owed && encrypt(p, pieces, n))
        (void)flush(p);
    if (t->broken || !t->shaken || t->carriage.n || !t->owed) {
        errno = t->broken ? t->broken : EAGAIN;
        return -1;
    }
    done = t->owed;
    t->owed = 0;
    return (ssize_t)done;
}

static ssize_t tls_send(struct fw_pipe *p, const struct iovec *pieces, size_t n)
{
    struct tls *t = p->state;
    ssize_t done;

    pthread_mutex_lock(&t->lock);
    done = send_some(p, pieces, n);
    pthread_mutex_unlock(&t->lock);
    return done;
}

/* --- waiting --- */

static bool tls_arm(struct fw_pipe *p, bool reading, bool writing,
                    struct pollfd *wait)
{
    struct tls *t = p->state;
    bool more;

    pthread_mutex_lock(&t->lock);
    if (t->shaken && flush(p))
        fw_carriage_rest(&t->carriage);
    (void)SSL_free_buffers(t->ssl); /* while nothing is in them */
    more = reading && t->shaken && !t->broken && !t->dry &&
           (t->carriage.have || SSL_has_pending(t->ssl));
    reading = reading || !t->shaken;
    writing = (writing && t->shaken) || t->carriage.n;
    pthread_mutex_unlock(&t->lock);
    *wait = (struct pollfd){.fd = p->fd};
    wait->events = (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0));
    return !more;
}

/* --- life --- */

static void tls_close(struct fw_pipe *p)
{
    struct tls *t = p->state;

    SSL_free(t->ssl);
    fw_tls_side_unref(t->side);
    pthread_mutex_destroy(&t->lock);
    fw_carriage_close(&t->carriage);
    free(t);
    close(p->fd);
}

static const struct fw_pipe_ways tls_ways = {tls_receive, tls_send, tls_arm,
                                             tls_close,   NULL,     NULL};

/* The other end must be who we called.  A name in the subject alone does not
 * count. */
static bool expect(SSL *ssl, const char *host)
{
    struct in6_addr any;
    bool is_address = inet_pton(AF_INET, host, &any) == 1 ||
                      inet_pton(AF_INET6, host, &any) == 1;

    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

fw_status fw_pipe_tls(struct fw_pipe *p, int fd, struct fw_tls_side *side,
                      const char *host)
{
    struct tls *t = fw_mem_array(1, sizeof(*t));
    BIO *carriage = NULL;

    fw_pipe_tcp(p, fd);
    if (!t) {
        fw_pipe_close(p);
        return FW_NOMEM;
    }
    *t = (struct tls){.side = fw_tls_side_ref(side), .carriage.fd = fd};
    t->until_ms = fw_clock_mono_ms() + FW_TLS_SHAKE_MS;
    pthread_mutex_init(&t->lock, NULL);
    p->ways = &tls_ways;
    p->state = t;
    t->ssl = SSL_new(side->context);
    carriage = BIO_new(side->carriage);
    if (!t->ssl || !carriage || (host && !expect(t->ssl, host))) {
        BIO_free(carriage);
        fw_pipe_close(p);
        return FW_NOMEM;
    }
    BIO_set_data(carriage, &t->carriage);
    BIO_set_init(carriage, 1);
    SSL_set_bio(t->ssl, carriage, carriage);
    if (host)
        SSL_set_connect_state(t->ssl);
    else
        SSL_set_accept_state(t->ssl);
    return FW_OK;
}

fw_status fw_pipe_tls_shake(struct fw_pipe *p, struct fw_err *err)
{
    struct tls *t = p->state;

    for (;;) {
        struct pollfd wait;
        bool done;

        pthread_mutex_lock(&t->lock);
        done = shake(p);
        pthread_mutex_unlock(&t->lock);
        if (done)
            return FW_OK;
        if (p->trouble)
            return fw_err_set(err, FW_UNAVAILABLE, "TLS: %s", p->trouble);
        (void)fw_pipe_arm(p, true, false, &wait);
        if (poll(&wait, 1, FW_TLS_SHAKE_MS) == 0) {
            pthread_mutex_lock(&t->lock);
            fail(p, ETIMEDOUT, "no handshake in time");
            pthread_mutex_unlock(&t->lock);
        }
    }
}
