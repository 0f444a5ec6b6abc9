#include "client/cli/spec_args.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

#define MOMENTUM      0.9  /* what the laws are told about in docs */
#define LEARNING_RATE 0.01 /* suits the bundled networks */

void fw_spec_args_init(struct fw_spec_args *a)
{
    *a = (struct fw_spec_args){
        .momentum = MOMENTUM,
        .learning_rate = LEARNING_RATE,
        .law = "margin",
        .schedule = "constant",
        .step_policy = "keep-effective",
        .probe_interval = UINT64_MAX,
        .groups = "0",
    };
}

void fw_spec_args_rows(struct fw_spec_args *a, struct fw_arg *rows)
{
    const struct fw_arg all[FW_SPEC_ARGS] = {
        {"momentum", FW_ARG_NUMBER, &a->momentum, "M",
         "reference, tuned with one worker (0.9)"},
        {"learning-rate", FW_ARG_NUMBER, &a->learning_rate, "R",
         "reference, tuned with one worker (0.01)"},
        {"law", FW_ARG_TEXT, &a->law, "LAW",
         "fixed, count, step, margin, closed_loop, manual (margin)"},
        {"step-policy", FW_ARG_TEXT, &a->step_policy, "P",
         "keep-effective or keep-rate (keep-effective)"},
        {"allow-negative-momentum", FW_ARG_FLAG, &a->allow_negative_momentum,
         NULL, "let the law go below 0"},
        {"floor", FW_ARG_NUMBER, &a->floor, "M",
         "least momentum if negative is allowed"},
        {"nesterov", FW_ARG_FLAG, &a->nesterov, NULL, "Nesterov's momentum"},
        {"l2", FW_ARG_NUMBER, &a->l2, "X", "L2 penalty in the gradient (0)"},
        {"weight-decay", FW_ARG_NUMBER, &a->weight_decay, "X",
         "decoupled weight decay (0)"},
        {"clip-norm", FW_ARG_NUMBER, &a->clip_norm, "X",
         "longest gradient; 0: do not clip (0)"},
        {"schedule", FW_ARG_TEXT, &a->schedule, "S",
         "constant, step:PERIOD:FACTOR, cosine:PERIOD[:FINAL]"},
        {"warmup", FW_ARG_COUNT, &a->warmup, "N", "updates of linear warm-up"},
        {"max-workers", FW_ARG_COUNT, &a->max_workers, "N",
         "more are refused (10000)"},
        {"max-staleness", FW_ARG_COUNT, &a->max_staleness, "N",
         "older gradients are refused; 0: none are (0)"},
        {"buffer-bytes", FW_ARG_COUNT, &a->buffer_bytes, "N",
         "memory for gradients in flight; 0: by size (0)"},
        {"memory-bytes", FW_ARG_COUNT, &a->memory_bytes, "N",
         "most memory that the job may hold; 0: what the server gives (0)"},
        {"bytes-per-second", FW_ARG_COUNT, &a->bytes_per_second, "N",
         "gradients up and parameters down; 0: what the server gives (0)"},
        {"gradients-per-second", FW_ARG_NUMBER, &a->gradients_per_second, "X",
         "of all workers together; 0: what the server gives (0)"},
        {"lease-ms", FW_ARG_COUNT, &a->lease_ms, "MS",
         "silence after which a worker is lost (15000)"},
        {"outlier-norm", FW_ARG_NUMBER, &a->outlier_norm, "X",
         "longest gradient, times the median; -1: any (10)"},
        {"outlier-reject", FW_ARG_FLAG, &a->outlier_reject, NULL,
         "refuse longer ones instead of clipping them"},
        {"probe-interval", FW_ARG_COUNT, &a->probe_interval, "N",
         "updates between curvature probes; 0: none (100)"},
        {"groups", FW_ARG_TEXT, &a->groups, "N",
         "workers step in N groups; 1: synchronous; auto; 0: alone (0)"},
        {"buffer", FW_ARG_COUNT, &a->buffer, "K",
         "a step is the mean of K gradients, whoever sent them (1)"},
        {"straggler-deadline", FW_ARG_COUNT, &a->straggler_deadline_ms, "MS",
         "a group waits so long from its first gradient; 0: 3 rounds (0)"},
    };

    memcpy(rows, all, sizeof(all));
}

/* PERIOD[:X] behind a schedule's name; false: it has not that form. */
static bool read_period(const char *text, uint64_t *period, double *x,
                        bool needs_x)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    *period = strtoull(text, &end, 10);
    if (*end == '\0')
        return !needs_x;
    if (*end != ':' || end[1] == '\0')
        return false;
    *x = strtod(end + 1, &end);
    return *end == '\0';
}

static fw_status read_schedule(const char *text, struct fw_schedule_spec *to,
                               struct fw_err *err)
{
    bool ok = true;

    if (strcmp(text, "constant") == 0) {
        to->kind = FW_SCHEDULE_CONSTANT;
    } else if (strncmp(text, "step:", 5) == 0) {
        to->kind = FW_SCHEDULE_STEP;
        ok = read_period(text + 5, &to->period, &to->factor, true);
    } else if (strncmp(text, "cosine:", 7) == 0) {
        to->kind = FW_SCHEDULE_COSINE;
        ok = read_period(text + 7, &to->period, &to->final, false);
    } else {
        ok = false;
    }
    if (ok)
        return FW_OK;
    return fw_err_set(err, FW_INVALID,
                      "--schedule is constant, step:PERIOD:FACTOR or "
                      "cosine:PERIOD[:FINAL], not '%s'",
                      text);
}

static fw_status read_policy(const char *text, enum fw_step_policy *to,
                             struct fw_err *err)
{
    if (strcmp(text, "keep-effective") == 0)
        *to = FW_STEP_KEEP_EFFECTIVE;
    else if (strcmp(text, "keep-rate") == 0)
        *to = FW_STEP_KEEP_RATE;
    else
        return fw_err_set(err, FW_INVALID,
                          "--step-policy is keep-effective or keep-rate, not "
                          "'%s'",
                          text);
    return FW_OK;
}

static fw_status read_limits(const struct fw_spec_args *a,
                             struct fw_limits_spec *to, struct fw_err *err)
{
    if (a->max_workers > UINT32_MAX || a->lease_ms > UINT32_MAX)
        return fw_err_set(err, FW_INVALID,
                          "--max-workers and --lease-ms are at most %u",
                          UINT32_MAX);
    to->max_workers = (uint32_t)a->max_workers;
    to->max_staleness = a->max_staleness;
    to->buffer_bytes = a->buffer_bytes;
    to->lease_ms = (uint32_t)a->lease_ms;
    to->outlier_norm = a->outlier_norm;
    to->outlier_reject = a->outlier_reject;
    to->quota = (struct fw_quota_spec){a->memory_bytes, a->bytes_per_second,
                                       a->gradients_per_second};
    return FW_OK;
}

static fw_status read_groups(const struct fw_spec_args *a,
                             struct fw_controller_spec *to, struct fw_err *err)
{
    char *end;
    unsigned long n = strtoul(a->groups, &end, 10);

    to->groups_auto = strcmp(a->groups, "auto") == 0;
    if (!to->groups_auto && (a->groups[0] < '0' || a->groups[0] > '9' ||
                             *end != '\0' || n > UINT32_MAX))
        return fw_err_set(err, FW_INVALID,
                          "--groups is a number or auto, not '%s'", a->groups);
    if (a->buffer > UINT32_MAX || a->straggler_deadline_ms > UINT32_MAX)
        return fw_err_set(err, FW_INVALID,
                          "--buffer and --straggler-deadline are at most %u",
                          UINT32_MAX);
    to->groups = to->groups_auto ? 0 : (uint32_t)n;
    to->buffer = (uint32_t)a->buffer;
    to->straggler_deadline_ms = (uint32_t)a->straggler_deadline_ms;
    return FW_OK;
}

/* On the wire 0 is the default and UINT32_MAX none; people say 0 for none. */
static uint32_t wire_interval(uint64_t n)
{
    if (n == UINT64_MAX)
        return 0;
    return n == 0 || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

fw_status fw_spec_args_apply(const struct fw_spec_args *a,
                             struct fw_job_spec *spec, struct fw_err *err)
{
    struct fw_controller_spec *c = &spec->controller;
    fw_status s;

    s = fw_law_parse(a->law, &c->law, err);
    if (s == FW_OK)
        s = read_policy(a->step_policy, &c->step_policy, err);
    if (s == FW_OK)
        s = read_schedule(a->schedule, &spec->schedule, err);
    if (s == FW_OK)
        s = read_limits(a, &spec->limits, err);
    if (s == FW_OK)
        s = read_groups(a, c, err);
    c->reference_momentum = a->momentum;
    c->reference_learning_rate = a->learning_rate;
    c->allow_negative_momentum = a->allow_negative_momentum;
    c->momentum_floor = a->floor;
    c->probe_interval = wire_interval(a->probe_interval);
    spec->schedule.warmup = a->warmup;
    spec->optimizer =
        (struct fw_optimizer_spec){.nesterov = a->nesterov,
                                   .l2 = a->l2,
                                   .weight_decay = a->weight_decay,
                                   .clip_norm = a->clip_norm};
    return s;
}

/* "64x10" to a shape; "" is a scalar. */
static bool read_shape(const char *text, struct fw_tensor_spec *t)
{
    while (*text) {
        char *end;

        if (t->rank == FW_RANK_MAX || *text < '0' || *text > '9')
            return false;
        t->shape[t->rank++] = strtoull(text, &end, 10);
        if (*end == 'x' && end[1])
            end++;
        else if (*end)
            return false;
        text = end;
    }
    return true;
}

/* "name:64x10" to a tensor; `word` is changed. */
static bool read_tensor(char *word, struct fw_tensor_spec *t)
{
    char *colon = strrchr(word, ':');

    if (colon)
        *colon++ = '\0';
    if (!word[0] || strlen(word) > FW_TENSOR_NAME_MAX)
        return false;
    memcpy(t->name, word, strlen(word) + 1);
    return read_shape(colon ? colon : "", t);
}

fw_status fw_tensors_parse(const char *text, struct fw_tensor_list *out,
                           struct fw_err *err)
{
    char *copy = strdup(text);
    struct fw_tensor_list list = {0};
    fw_status s = FW_OK;
    size_t capacity = 0;
    char *rest = copy;
    char *word;

    if (!copy)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    while (s == FW_OK && (word = strsep(&rest, ",")) != NULL) {
        if (fw_mem_grow(&list.items, &capacity, list.n + 1,
                        sizeof(*list.items))) {
            s = fw_err_set(err, FW_NOMEM, "out of memory");
            break;
        }
        list.items[list.n] = (struct fw_tensor_spec){0};
        if (!read_tensor(word, &list.items[list.n]))
            s = fw_err_set(err, FW_INVALID,
                           "--tensors: '%s' is not NAME:2x3 (a name alone is "
                           "a scalar)",
                           word);
        list.n++;
    }
    free(copy);
    if (s == FW_OK)
        *out = list;
    else
        fw_tensor_list_close(&list);
    return s;
}
