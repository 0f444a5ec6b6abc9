#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/train.h"
#include "sdk/base/clock.h"

#define POLL_MS         10    /* while the server starts */
#define SERVER_START_MS 15000 /* longer is a failure */
#define JOB_CREATE_MS   30000 /* longer is a failure */
#define STOP_WORKERS_MS 4000  /* to leave politely */
#define STOP_SERVER_MS  20000 /* to save the last checkpoint */
#define NUMBER_BYTES    32

/* A number as a word that lives as long as its buffer. */
__attribute__((format(printf, 2, 3))) static const char *word(
    char out[NUMBER_BYTES], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(out, NUMBER_BYTES, fmt, args);
    va_end(args);
    return out;
}

static void log_path(const struct fw_train *t, const char *name,
                     char out[FW_PATH_MAX])
{
    snprintf(out, FW_PATH_MAX, "%.*s/%s.log", FW_PATH_MAX - FW_TRAIN_PATH_ROOM,
             t->folder, name);
}

/* Read an address that the server writes when it listens. */
static bool read_address(const struct fw_train *t, const char *name, char *out,
                         size_t n_out)
{
    char path[FW_PATH_MAX + 32];
    FILE *f;
    bool ok;

    snprintf(path, sizeof(path), "%s/%s", t->data, name);
    f = fopen(path, "r");
    if (!f)
        return false;
    ok = fgets(out, (int)n_out, f) != NULL;
    fclose(f);
    out[strcspn(out, "\n")] = '\0';
    return ok && out[0];
}

static void tell_page(const struct fw_train *t)
{
    char address[sizeof(t->address)];

    if (read_address(t, "flywheeld.admin", address, sizeof(address)))
        fprintf(stderr, "watch it at http://%s/\n", address);
}

static fw_status start_server(struct fw_train *t, struct fw_err *err)
{
    int64_t until = fw_clock_mono_ms() + SERVER_START_MS;
    char path[FW_PATH_MAX + 32];
    struct fw_words w = {0};
    char log[FW_PATH_MAX];
    fw_status s;

    snprintf(path, sizeof(path), "%s/flywheeld.address", t->data);
    unlink(path); /* of a run before, in the same folder */
    log_path(t, "server", log);
    fw_words_add(&w, t->server_program);
    fw_words_option(&w, "--listen", t->o->listen);
    fw_words_option(&w, "--admin", "127.0.0.1:0"); /* others may run */
    fw_words_option(&w, "--data", t->data);
    s = fw_child_start(&t->server, "server", log, &w, err);
    while (s == FW_OK && !read_address(t, "flywheeld.address", t->address,
                                       sizeof(t->address))) {
        if (fw_child_ended(&t->server) || fw_clock_mono_ms() > until) {
            fw_child_show_log(&t->server);
            return fw_err_set(err, FW_IO, "the server did not start");
        }
        if (fw_stop_wait(t->stop, POLL_MS))
            return FW_CLOSED;
    }
    if (s == FW_OK)
        tell_page(t);
    return s;
}

static void add_controller(struct fw_words *w, const struct fw_spec_args *a,
                           char (*n)[NUMBER_BYTES])
{
    fw_words_option(w, "--law", a->law);
    fw_words_option(w, "--step-policy", a->step_policy);
    fw_words_option(w, "--momentum", word(n[0], "%.17g", a->momentum));
    fw_words_option(w, "--learning-rate",
                    word(n[1], "%.17g", a->learning_rate));
    fw_words_option(w, "--floor", word(n[2], "%.17g", a->floor));
    if (a->allow_negative_momentum)
        fw_words_add(w, "--allow-negative-momentum");
    if (a->probe_interval != UINT64_MAX)
        fw_words_option(
            w, "--probe-interval",
            word(n[3], "%llu", (unsigned long long)a->probe_interval));
}

static void add_groups(struct fw_words *w, const struct fw_spec_args *a,
                       char (*n)[NUMBER_BYTES])
{
    fw_words_option(w, "--groups", a->groups);
    fw_words_option(w, "--buffer",
                    word(n[0], "%llu", (unsigned long long)a->buffer));
    fw_words_option(
        w, "--straggler-deadline",
        word(n[1], "%llu", (unsigned long long)a->straggler_deadline_ms));
}

static void add_optimizer(struct fw_words *w, const struct fw_spec_args *a,
                          char (*n)[NUMBER_BYTES])
{
    if (a->nesterov)
        fw_words_add(w, "--nesterov");
    fw_words_option(w, "--l2", word(n[0], "%.17g", a->l2));
    fw_words_option(w, "--weight-decay", word(n[1], "%.17g", a->weight_decay));
    fw_words_option(w, "--clip-norm", word(n[2], "%.17g", a->clip_norm));
    fw_words_option(w, "--warmup",
                    word(n[3], "%llu", (unsigned long long)a->warmup));
    fw_words_option(w, "--max-workers",
                    word(n[4], "%llu", (unsigned long long)a->max_workers));
    fw_words_option(w, "--max-staleness",
                    word(n[5], "%llu", (unsigned long long)a->max_staleness));
    fw_words_option(w, "--buffer-bytes",
                    word(n[6], "%llu", (unsigned long long)a->buffer_bytes));
    fw_words_option(w, "--lease-ms",
                    word(n[7], "%llu", (unsigned long long)a->lease_ms));
}

static void add_quota(struct fw_words *w, const struct fw_spec_args *a,
                      char (*n)[NUMBER_BYTES])
{
    fw_words_option(w, "--memory-bytes",
                    word(n[0], "%llu", (unsigned long long)a->memory_bytes));
    fw_words_option(
        w, "--bytes-per-second",
        word(n[1], "%llu", (unsigned long long)a->bytes_per_second));
    fw_words_option(w, "--gradients-per-second",
                    word(n[2], "%.17g", a->gradients_per_second));
}

/* `flywheel job create` as a process: this one must not open gRPC yet. */
static fw_status create_job(struct fw_train *t, struct fw_err *err)
{
    int64_t until = fw_clock_mono_ms() + JOB_CREATE_MS;
    char numbers[17][NUMBER_BYTES];
    struct fw_child child = {0};
    struct fw_words w = {0};
    char log[FW_PATH_MAX];
    fw_status s;

    log_path(t, "job", log);
    fw_words_add(&w, t->program);
    fw_words_add(&w, "job");
    fw_words_add(&w, "create");
    fw_words_option(&w, "--server", t->address);
    fw_words_option(&w, "--name", t->o->job);
    fw_words_option(&w, "--model", t->o->task.model);
    fw_words_option(&w, "--data", t->o->task.data);
    fw_words_option(&w, "--schedule", t->schedule);
    add_controller(&w, &t->o->spec, numbers);
    add_optimizer(&w, &t->o->spec, numbers + 4);
    add_groups(&w, &t->o->spec, numbers + 12);
    add_quota(&w, &t->o->spec, numbers + 14);
    s = fw_child_start(&child, "job create", log, &w, err);
    while (s == FW_OK && !fw_child_ended(&child)) {
        if (fw_stop_wait(t->stop, POLL_MS))
            s = FW_CLOSED;
        else if (fw_clock_mono_ms() > until)
            s = fw_err_set(err, FW_TIMEOUT, "making the job took too long");
    }
    fw_children_stop(&child, 1, STOP_WORKERS_MS);
    if (s == FW_OK && child.status != 0) {
        fw_child_show_log(&child);
        s = fw_err_set(err, FW_IO, "the job could not be made");
    }
    return s;
}

static fw_status start_worker(struct fw_train *t, size_t i, struct fw_err *err)
{
    const struct fw_train_options *o = t->o;
    bool is_last = i + 1 == o->workers;
    unsigned long long delay_ms = i * (unsigned long long)o->stagger_ms;
    struct fw_words w = {0};
    char n[6][NUMBER_BYTES];
    char log[FW_PATH_MAX];
    fw_status s;

    word(n[0], "worker-%zu", i + 1);
    log_path(t, n[0], log);
    fw_words_add(&w, t->program);
    fw_words_add(&w, "worker");
    fw_words_option(&w, "--server", t->address);
    fw_words_option(&w, "--job", o->job);
    fw_words_option(&w, "--name", n[0]);
    fw_words_option(&w, "--model", o->task.model);
    fw_words_option(&w, "--data", o->task.data);
    fw_words_option(&w, "--sampling", o->task.sampling);
    fw_words_option(&w, "--wire", o->wire);
    fw_words_option(&w, "--batch",
                    word(n[1], "%llu", (unsigned long long)o->task.batch));
    fw_words_option(&w, "--seed",
                    word(n[2], "%llu", (unsigned long long)o->task.seed + i));
    fw_words_option(&w, "--until-version",
                    word(n[3], "%llu", (unsigned long long)t->versions));
    fw_words_option(&w, "--start-delay-ms", word(n[4], "%llu", delay_ms));
    if (is_last && o->slowdown > 1)
        fw_words_option(&w, "--slowdown", word(n[5], "%.17g", o->slowdown));
    s = fw_child_start(&t->worker[i], n[0], log, &w, err);
    t->n_workers += s == FW_OK;
    return s;
}

static fw_status start_evaluator(struct fw_train *t, struct fw_err *err)
{
    const struct fw_train_options *o = t->o;
    struct fw_words w = {0};
    char n[NUMBER_BYTES];
    char log[FW_PATH_MAX];

    log_path(t, "evaluator", log);
    fw_words_add(&w, t->program);
    fw_words_add(&w, "evaluate");
    fw_words_option(&w, "--server", t->address);
    fw_words_option(&w, "--job", o->job);
    fw_words_option(&w, "--model", o->task.model);
    fw_words_option(&w, "--data", o->task.data);
    fw_words_option(&w, "--every", word(n, "%.17g", o->evaluate_s));
    return fw_child_start(&t->evaluator, "evaluator", log, &w, err);
}

fw_status fw_train_start(struct fw_train *t, struct fw_err *err)
{
    fw_status s = start_server(t, err);

    if (s == FW_OK)
        s = create_job(t, err);
    for (size_t i = 0; s == FW_OK && i < t->o->workers; i++)
        s = start_worker(t, i, err);
    t->begun_ms = fw_clock_mono_ms();
    return s == FW_OK ? start_evaluator(t, err) : s;
}

void fw_train_stop(struct fw_train *t)
{
    fw_child_signal(&t->evaluator, SIGTERM); /* both at a time */
    fw_children_stop(t->worker, t->n_workers, STOP_WORKERS_MS);
    fw_children_stop(&t->evaluator, 1, STOP_WORKERS_MS);
    fw_children_stop(&t->server, 1, STOP_SERVER_MS);
}
