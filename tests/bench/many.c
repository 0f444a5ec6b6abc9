/* Many workers in one process, for many.py:
 *
 *     many ADDRESS JOB PREFIX WORKERS ELEMENTS lane|grpc|bare
 *
 *     many:   ready                 all have joined; `bare` ones have made a
 *                                   call and no more
 *     driver: go SECONDS            rounds, each worker from a thread of its
 * own many:   rounds N least L most M seconds S driver: once                  a
 * round of each worker, one after another many:   done driver: (end of its
 * input)    they leave
 *
 * Between the words the workers rest: the library sends their heartbeats. */
#include <flywheel/flywheel.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/client/admin.h"
#include "tests/bench/worker.h"

#define STACK_BYTES (256u << 10)
#define TIMEOUT_MS  120000
#define NAME_BYTES  64
#define OPENERS     16u /* threads that open and close workers */

struct many;

struct one {
    struct many *all;         /* whose this is */
    struct fw_worker *worker; /* owned; NULL: not open */
    struct fw_admin bare;     /* owned, instead of a worker */
    char name[NAME_BYTES];
    float *parameters; /* owned */
    uint64_t version;  /* of `parameters` */
    uint64_t rounds;   /* since the last word */
    bool failed;
    pthread_t thread;
};

struct many {
    struct fw_worker_options options;
    bool is_bare;
    size_t n_elements;
    float *gradient; /* owned; that of all */
    struct one *one; /* owned */
    unsigned n;
    unsigned next;   /* atomic: to be opened or closed */
    unsigned failed; /* atomic */
    double until;    /* of the rounds */
};

static void complain(struct one *o, const struct fw_err *err)
{
    fprintf(stderr, "many: %s: %s %s\n", o->name, err->reason, err->text);
    o->failed = true;
    __atomic_add_fetch(&o->all->failed, 1, __ATOMIC_RELAXED);
}

static bool run_round(struct one *o)
{
    struct fw_gradient g = {.values = o->all->gradient,
                            .base_version = o->version,
                            .samples = 1,
                            .loss = 1.0};
    struct fw_ack ack = {0};
    struct fw_err err = {0};

    if (fw_worker_round(o->worker, &g, o->parameters, &ack, &err) != FW_OK) {
        complain(o, &err);
        return false;
    }
    o->version = ack.version;
    o->rounds++;
    return true;
}

static void open_one(struct one *o)
{
    struct fw_worker_options options = o->all->options;
    struct fw_err err = {0};
    bool serving;
    fw_status s;

    options.name = o->name;
    if (!o->all->is_bare) {
        s = fw_worker_open(&options, &o->worker, &err);
    } else {
        s = fw_admin_open(&o->bare, options.address, TIMEOUT_MS, &err);
        if (s == FW_OK)
            s = fw_admin_health(&o->bare, &serving, &err);
    }
    if (s != FW_OK)
        complain(o, &err);
}

static void close_one(struct one *o)
{
    fw_worker_close(o->worker);
    fw_admin_close(&o->bare);
}

static void *open_some(void *arg)
{
    struct many *m = arg;
    unsigned i;

    while ((i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED)) < m->n)
        open_one(&m->one[i]);
    return NULL;
}

static void *close_some(void *arg)
{
    struct many *m = arg;
    unsigned i;

    while ((i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED)) < m->n)
        close_one(&m->one[i]);
    return NULL;
}

/* All of them, by a few threads. */
static void each(struct many *m, void *(*what)(void *))
{
    pthread_t threads[OPENERS];
    unsigned n = 0;

    m->next = 0;
    while (n < OPENERS && pthread_create(&threads[n], NULL, what, m) == 0)
        n++;
    while (n)
        pthread_join(threads[--n], NULL);
}

static void *rounds(void *arg)
{
    struct one *o = arg;

    while (bench_now() < o->all->until && run_round(o))
        continue;
    return NULL;
}

/* Memory for a worker's parameters is taken when it first works. */
static bool make_ready(struct many *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        struct one *o = &m->one[i];

        o->rounds = 0;
        if (!o->parameters)
            o->parameters = calloc(m->n_elements, sizeof(float));
        if (!o->parameters)
            return false;
    }
    return true;
}

static bool go(struct many *m, double seconds)
{
    double from = bench_now();
    uint64_t sum = 0;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    unsigned n = 0;
    pthread_attr_t attr;

    if (!make_ready(m))
        return false;
    m->until = from + seconds;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    while (n < m->n &&
           pthread_create(&m->one[n].thread, &attr, rounds, &m->one[n]) == 0)
        n++;
    pthread_attr_destroy(&attr);
    for (unsigned i = 0; i < n; i++) {
        uint64_t mine;

        pthread_join(m->one[i].thread, NULL);
        mine = m->one[i].rounds;
        sum += mine;
        least = mine < least ? mine : least;
        most = mine > most ? mine : most;
    }
    printf("rounds %llu least %llu most %llu seconds %.3f\n",
           (unsigned long long)sum, (unsigned long long)least,
           (unsigned long long)most, bench_now() - from);
    return n == m->n && !m->failed;
}

static bool once(struct many *m)
{
    bool ok = make_ready(m);

    for (unsigned i = 0; ok && i < m->n; i++)
        ok = run_round(&m->one[i]);
    if (ok)
        puts("done");
    return ok;
}

static bool serve(struct many *m)
{
    char line[NAME_BYTES];
    double seconds;
    bool ok = true;

    puts("ready");
    fflush(stdout);
    while (ok && fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "go %lf", &seconds) == 1)
            ok = go(m, seconds);
        else
            ok = strcmp(line, "once\n") == 0 && once(m);
        fflush(stdout);
    }
    return ok;
}

static bool prepare(struct many *m, struct fw_tensor *tensor, char **argv)
{
    m->n = (unsigned)strtoul(argv[4], NULL, 10);
    m->n_elements = strtoull(argv[5], NULL, 10);
    m->is_bare = strcmp(argv[6], "bare") == 0;
    *tensor = (struct fw_tensor){"w", 1, {m->n_elements}};
    m->gradient = calloc(m->n_elements, sizeof(float));
    m->one = calloc(m->n, sizeof(*m->one));
    if (!m->gradient || !m->one)
        return false;
    for (unsigned i = 0; i < m->n; i++) {
        m->one[i].all = m;
        snprintf(m->one[i].name, NAME_BYTES, "%s%u", argv[3], i);
    }
    fw_worker_options_init(&m->options, sizeof(m->options));
    m->options.address = argv[1];
    m->options.job = argv[2];
    m->options.tensors = tensor;
    m->options.n_tensors = 1;
    m->options.initial = m->gradient; /* zeros */
    m->options.timeout_ms = TIMEOUT_MS;
    m->options.grpc_only = strcmp(argv[6], "grpc") == 0;
    m->options.no_local = true; /* what a worker elsewhere costs */
    return true;
}

int main(int argc, char **argv)
{
    struct fw_tensor tensor;
    struct many m = {0};
    bool ok = false;

    if (argc != 7) {
        fputs("usage: many ADDRESS JOB PREFIX WORKERS ELEMENTS "
              "lane|grpc|bare\n",
              stderr);
        return 2;
    }
    if (prepare(&m, &tensor, argv)) {
        each(&m, open_some);
        for (size_t i = 0; i < m.n_elements; i++)
            m.gradient[i] = 1e-3f; /* nobody uploads any more */
        ok = !m.failed && serve(&m);
        each(&m, close_some);
    }
    for (unsigned i = 0; m.one && i < m.n; i++)
        free(m.one[i].parameters);
    free(m.one);
    free(m.gradient);
    return ok ? 0 : 1;
}
