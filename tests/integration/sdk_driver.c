/* Drives libflywheel for the tests in Python:
 *
 *     sdk_driver ADDRESS JOB ELEMENTS DTYPE TIMEOUT_MS[:RECONNECT_MS] ACTION...
 *
 * opens a worker of one tensor "w" and does one action after the other, each
 * answered by a line "ACTION STATUS REASON MS TEXT".  Actions: pull, push,
 * round, nan (a round of one), same (a round within one array), ahead (push for
 * a future version), report, wait:S (no call for S seconds, in which the
 * library sends heartbeats).  The last lines tell what it has then, and how
 * long the goodbye took. */
#include <flywheel/flywheel.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct driver {
    struct fw_worker *worker;
    size_t n;
    float *parameters; /* owned */
    float *gradient;   /* owned */
    struct fw_ack ack;
    struct fw_err err;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void tell(const char *action, fw_status s, double begun_ms,
                 const struct fw_err *err)
{
    printf("%s %d %s %.1f %s\n", action, (int)s,
           s != FW_OK && err->reason[0] ? err->reason : "-",
           now_ms() - begun_ms, s == FW_OK ? "" : err->text);
    fflush(stdout);
}

static void on_log(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "log: %s\n", text);
}

static fw_status push(struct driver *d, float value, uint64_t ahead, bool round)
{
    struct fw_gradient g = {.values = d->gradient,
                            .base_version = d->ack.version + ahead,
                            .samples = 1,
                            .loss = 0.5};
    float kept = d->gradient[0];
    fw_status s;

    d->gradient[0] = value;
    if (round)
        s = fw_worker_round(d->worker, &g, d->parameters, &d->ack, &d->err);
    else
        s = fw_worker_push(d->worker, &g, &d->ack, &d->err);
    d->gradient[0] = kept;
    return s;
}

/* One array as gradient and parameters. */
static fw_status push_parameters(struct driver *d)
{
    struct fw_gradient g = {.values = d->parameters,
                            .base_version = d->ack.version};

    return fw_worker_round(d->worker, &g, d->parameters, &d->ack, &d->err);
}

static fw_status report(struct driver *d)
{
    struct fw_evaluation e = {d->ack.version, 10, 0.25, 0.5};

    return fw_worker_report(d->worker, &e, &d->err);
}

static fw_status act(struct driver *d, const char *action)
{
    if (strcmp(action, "pull") == 0)
        return fw_worker_pull(d->worker, d->parameters, &d->ack.version,
                              &d->err);
    if (strcmp(action, "push") == 0)
        return push(d, d->gradient[0], 0, false);
    if (strcmp(action, "round") == 0)
        return push(d, d->gradient[0], 0, true);
    if (strcmp(action, "nan") == 0)
        return push(d, NAN, 0, true);
    if (strcmp(action, "same") == 0)
        return push_parameters(d);
    if (strcmp(action, "ahead") == 0)
        return push(d, d->gradient[0], 1000, true);
    if (strcmp(action, "report") == 0)
        return report(d);
    if (strncmp(action, "wait:", 5) == 0)
        return poll(NULL, 0, 1000 * atoi(action + 5)) == 0 ? FW_OK
                                                           : FW_INTERNAL;
    fprintf(stderr, "no action '%s'\n", action);
    return FW_INTERNAL;
}

static enum fw_dtype dtype_of(const char *name)
{
    static const char *const names[] = {"f32", "bf16", "int8", "topk"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(name, names[i]) == 0)
            return FW_DTYPE_F32 + i;
    }
    return FW_DTYPE_F32;
}

static fw_status open_worker(struct driver *d, char **argv)
{
    struct fw_tensor w = {"w", 1, {d->n}};
    struct fw_worker_options o;

    fw_worker_options_init(&o, sizeof(o));
    o.address = argv[1];
    o.job = argv[2];
    o.tensors = &w;
    o.n_tensors = 1;
    o.initial = d->parameters;
    o.wire_dtype = dtype_of(argv[4]);
    o.wire_share = 1.0; /* of top-k: all, so that the sums can be told */
    o.timeout_ms = (uint32_t)atoi(argv[5]);
    if (strchr(argv[5], ':'))
        o.reconnect_ms = (uint32_t)atoi(strchr(argv[5], ':') + 1);
    o.log = on_log;
    return fw_worker_open(&o, &d->worker, &d->err);
}

/* Parameters i/8, gradients i/16: exact in bf16 for small i. */
static void fill(struct driver *d)
{
    for (size_t i = 0; i < d->n; i++) {
        d->parameters[i] = (float)(i % 64) / 8.0f;
        d->gradient[i] = (float)(i % 64) / 16.0f;
    }
}

int main(int argc, char **argv)
{
    struct driver d = {0};
    double begun_ms = now_ms();
    fw_status s;

    if (argc < 6)
        return 2;
    d.n = strtoull(argv[3], NULL, 10);
    d.parameters = malloc(d.n * sizeof(float));
    d.gradient = malloc(d.n * sizeof(float));
    if (!d.parameters || !d.gradient)
        return 2;
    fill(&d);
    s = open_worker(&d, argv);
    tell("open", s, begun_ms, &d.err);
    for (int i = 6; s == FW_OK && i < argc; i++) {
        begun_ms = now_ms();
        tell(argv[i], act(&d, argv[i]), begun_ms, &d.err);
    }
    printf("version %llu first %.9g last %.9g momentum %.9g rate %.9g\n",
           (unsigned long long)d.ack.version, d.parameters[0],
           d.parameters[d.n - 1], d.ack.momentum, d.ack.learning_rate);
    begun_ms = now_ms();
    fw_worker_close(d.worker);
    printf("close %.1f\n", now_ms() - begun_ms);
    free(d.parameters);
    free(d.gradient);
    return s == FW_OK ? 0 : 1;
}
