/* The yardstick: rounds over plain TCP sockets, with nothing around them.
 *
 *     raw_tcp serve PORT ELEMENTS stream|store
 *     raw_tcp work PORT ELEMENTS
 *
 * A round is what flywheel's is: a full fp32 gradient up, v = mu*v - eta*g and
 * w += v, all parameters down.  "stream" steps each piece as it comes and sends
 * it back at once: the ceiling, which promises nothing to a gradient that ends
 * in the middle.  "store" keeps the whole gradient first, as atomic steps must.
 *
 * The worker talks to tests/bench/driver.py as tests/bench/worker.h says. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/worker.h"

#define PIECE      65536u /* elements: 256 KiB */
#define MU         0.9f
#define ETA        1e-6f
#define TRY_MS     10  /* between tries to connect */
#define TRIES      500 /* then the server is not there */
#define BACKLOG    64
#define SEND_BYTES (4 * (size_t)PIECE)

struct model {
    float *w;               /* owned */
    float *v;               /* owned */
    size_t n;               /* elements */
    bool store;             /* whole gradients */
    pthread_mutex_t *locks; /* owned; one a piece */
};

struct connection {
    struct model *model;
    int fd;
};

static bool receive_all(int fd, void *to, size_t n)
{
    char *at = to;

    while (n) {
        ssize_t got = recv(fd, at, n, 0);

        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool send_all(int fd, const void *from, size_t n)
{
    const char *at = from;

    while (n) {
        ssize_t put = send(fd, at, n, MSG_NOSIGNAL);

        if (put <= 0)
            return false;
        at += put;
        n -= (size_t)put;
    }
    return true;
}

__attribute__((target_clones("avx512f", "avx2", "default"),
               optimize("O3"))) static void
step(float *restrict w, float *restrict v, const float *restrict g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = MU * v[i] - ETA * g[i];
        w[i] += v[i];
    }
}

static void step_piece(struct model *m, size_t from, size_t n, const float *g)
{
    pthread_mutex_t *lock = &m->locks[from / PIECE];

    pthread_mutex_lock(lock);
    step(m->w + from, m->v + from, g, n);
    pthread_mutex_unlock(lock);
}

static size_t piece_at(const struct model *m, size_t from)
{
    return m->n - from < PIECE ? m->n - from : PIECE;
}

static bool serve_round(struct model *m, int fd, float *g)
{
    if (m->store && !receive_all(fd, g, m->n * sizeof(float)))
        return false;
    for (size_t from = 0; from < m->n; from += PIECE) {
        size_t n = piece_at(m, from);
        float *part = m->store ? g + from : g;

        if (!m->store && !receive_all(fd, part, n * sizeof(float)))
            return false;
        step_piece(m, from, n, part);
        if (!send_all(fd, m->w + from, n * sizeof(float)))
            return false;
    }
    return true;
}

static void *serve_connection(void *arg)
{
    struct connection *c = arg;
    size_t n = c->model->store ? c->model->n : PIECE;
    float *g = calloc(n, sizeof(float));

    while (g && serve_round(c->model, c->fd, g))
        continue;
    close(c->fd);
    free(g);
    free(c);
    return NULL;
}

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};

    a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void send_small_at_once(int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void take_connection(struct model *m, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    pthread_t thread;

    if (!c)
        return;
    *c = (struct connection){m, fd};
    send_small_at_once(fd);
    if (pthread_create(&thread, NULL, serve_connection, c) == 0)
        pthread_detach(thread);
}

/* Until it is killed. */
static int serve(const char *port, size_t n, bool store)
{
    struct sockaddr_in at = loopback(port);
    struct model m = {.n = n, .store = store};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    m.w = calloc(n, sizeof(float));
    m.v = calloc(n, sizeof(float));
    m.locks = calloc(n / PIECE + 1, sizeof(*m.locks));
    if (!m.w || !m.v || !m.locks)
        return 1;
    for (size_t i = 0; i <= n / PIECE; i++)
        pthread_mutex_init(&m.locks[i], NULL);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, BACKLOG)) {
        perror("raw_tcp: cannot listen");
        return 1;
    }
    for (;;) {
        int one = accept(fd, NULL, NULL);

        if (one >= 0)
            take_connection(&m, one);
    }
}

static int connect_to(const char *port)
{
    struct sockaddr_in to = loopback(port);
    struct timespec wait = {.tv_nsec = TRY_MS * 1000000L};

    for (int i = 0; i < TRIES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
            return fd;
        close(fd);
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    }
    return -1;
}

struct worker {
    int fd;
    size_t bytes;         /* of a gradient, and of the parameters */
    const char *gradient; /* lent by work() */
    char *parameters;     /* lent by work() */
};

/* Both directions at once, as far as the kernel takes and gives. */
static bool run_round(void *user)
{
    struct worker *k = user;
    size_t sent = 0;
    size_t received = 0;

    while (received < k->bytes) {
        size_t left = k->bytes - sent;
        ssize_t put = 0;
        ssize_t got;

        if (left)
            put = send(k->fd, k->gradient + sent,
                       left < SEND_BYTES ? left : SEND_BYTES,
                       MSG_DONTWAIT | MSG_NOSIGNAL);
        got = recv(k->fd, k->parameters + received, k->bytes - received,
                   MSG_DONTWAIT);
        if (got == 0 || ((put < 0 || got < 0) && errno != EAGAIN))
            return false;
        sent += put > 0 ? (size_t)put : 0;
        received += got > 0 ? (size_t)got : 0;
        if (put <= 0 && got < 0) {
            struct pollfd p = {k->fd,
                               sent < k->bytes ? POLLIN | POLLOUT : POLLIN, 0};

            (void)poll(&p, 1, -1);
        }
    }
    return true;
}

static int work(const char *port, size_t n)
{
    struct worker k = {.fd = connect_to(port), .bytes = n * sizeof(float)};
    float *g = calloc(n, sizeof(float));
    float *w = calloc(n, sizeof(float));
    bool ok;

    k.gradient = (const char *)g;
    k.parameters = (char *)w;
    if (k.fd < 0 || !g || !w)
        return 1;
    for (size_t i = 0; i < n; i++)
        g[i] = 1e-3f;
    send_small_at_once(k.fd);
    ok = bench_worker(run_round, &k);
    close(k.fd);
    free(g);
    free(w);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    size_t n = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

    if (n && argc == 5 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], n, strcmp(argv[4], "store") == 0);
    if (n && argc == 4 && strcmp(argv[1], "work") == 0)
        return work(argv[2], n);
    fputs("usage: raw_tcp serve PORT ELEMENTS stream|store\n"
          "       raw_tcp work PORT ELEMENTS\n",
          stderr);
    return 2;
}
