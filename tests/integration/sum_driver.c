/* A worker whose gradients can be counted in the parameters:
 *
 *     sum_driver ADDRESS JOB NAME ELEMENTS INDEX push|round [WAIT_US [BY]]
 *
 * Every gradient is 1 at INDEX and 0 elsewhere; with rate 1 and no momentum
 * parameter INDEX is minus the number of times that one was applied.  With an
 * odd INDEX it goes by TCP.  Goes on
 * until its input is closed, tells "at N" ever more seldom, and in the end
 * "acked A lost L" and how long a gradient took until it was acknowledged. */
#include <flywheel/flywheel.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TELL_FIRST 100 /* then at twice as many, and so on: a pipe is short */
#define STEPS      16  /* of a doubling: how exact times are */
#define BUCKETS    (32 * STEPS)

static void on_log(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "log: %s\n", text);
}

struct driver {
    struct fw_worker *worker;
    float *parameters; /* owned */
    float *gradient;   /* owned */
    uint64_t base;     /* version of `parameters` */
    uint64_t acked;
    uint64_t lost;
    bool round;
    uint64_t took[BUCKETS]; /* gradients, by the logarithm of their time */
};

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void note(struct driver *d, double us)
{
    double i = us > 1 ? STEPS * log2(us) : 0;

    d->took[i < BUCKETS ? (int)i : BUCKETS - 1]++;
}

/* A share of all took less than so many us. */
static double percentile(const struct driver *d, double share)
{
    double left = share * (double)d->acked;
    int i = 0;

    for (; i < BUCKETS - 1 && left > (double)d->took[i]; i++)
        left -= (double)d->took[i];
    return exp2((i + 1.0) / STEPS);
}

static fw_status push(struct driver *d, struct fw_err *err)
{
    struct fw_gradient g = {.values = d->gradient,
                            .base_version = d->round ? d->base : 0,
                            .samples = 1,
                            .loss = 0.5};
    struct fw_ack ack = {0};
    double begun = now_us();
    fw_status s;

    if (d->round)
        s = fw_worker_round(d->worker, &g, d->parameters, &ack, err);
    else
        s = fw_worker_push(d->worker, &g, &ack, err);
    if (s != FW_OK)
        return s;
    d->base = ack.version;
    d->acked++;
    note(d, now_us() - begun);
    d->lost += ack.lost;
    return FW_OK;
}

/* The one who started us wants no more; looks for so long. */
static bool is_closed(long wait_us)
{
    struct timespec wait = {.tv_nsec = wait_us * 1000};
    struct pollfd in = {.fd = 0, .events = POLLIN};

    return ppoll(&in, 1, &wait, NULL) > 0;
}

static fw_status run(struct driver *d, long wait_us, struct fw_err *err)
{
    fw_status s = fw_worker_pull(d->worker, d->parameters, &d->base, err);
    uint64_t tell_at = TELL_FIRST;

    for (bool last = false; s == FW_OK && !last;) {
        last = is_closed(wait_us); /* one more, which tells what was lost */
        s = push(d, err);
        if (d->acked >= tell_at) {
            tell_at *= 2;
            printf("at %" PRIu64 "\n", d->acked - d->lost);
            fflush(stdout);
        }
    }
    return s;
}

int main(int argc, char **argv)
{
    struct fw_worker_options o;
    struct driver d = {0};
    struct fw_err err = {0};
    size_t n;
    fw_status s;

    if (argc < 7)
        return 2;
    n = strtoull(argv[4], NULL, 10);
    d.parameters = calloc(n, sizeof(float));
    d.gradient = calloc(n, sizeof(float));
    d.round = strcmp(argv[6], "round") == 0;
    if (!d.parameters || !d.gradient)
        return 2;
    d.gradient[strtoull(argv[5], NULL, 10)] = 1.0f;
    fw_worker_options_init(&o, sizeof(o));
    o.address = argv[1];
    o.job = argv[2];
    o.name = argv[3];
    o.log = on_log;
    o.no_local = strtoull(argv[5], NULL, 10) % 2 != 0;
    if (argc > 8) {
        o.grpc_only = strcmp(argv[8], "grpc") == 0;
        o.no_local = strcmp(argv[8], "local") != 0;
    }
    s = fw_worker_open(&o, &d.worker, &err);
    if (s == FW_OK)
        s = run(&d, argc > 7 ? strtol(argv[7], NULL, 10) : 0, &err);
    printf("acked %" PRIu64 " lost %" PRIu64 " status %d %s %s\n", d.acked,
           d.lost, (int)s, err.reason[0] ? err.reason : "-", err.text);
    printf("p50 %.0f p99 %.0f us\n", percentile(&d, 0.5), percentile(&d, 0.99));
    fw_worker_close(d.worker);
    free(d.parameters);
    free(d.gradient);
    return s == FW_OK ? 0 : 1;
}
