#include "sdk/wire/job_spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/base/name.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#define LEASE_MIN_MS     2000u
#define GROUPS_MAX       1000000u
#define LEASE_MAX_MS     300000u
#define SHAPE_TEXT_BYTES 128

void fw_tensor_list_close(struct fw_tensor_list *l)
{
    free(l->items);
    *l = (struct fw_tensor_list){0};
}

fw_status fw_tensor_list_copy(const struct fw_tensor_list *from,
                              struct fw_tensor_list *to)
{
    struct fw_tensor_spec *items = fw_mem_array(from->n, sizeof(*items));

    if (!items)
        return FW_NOMEM;
    if (from->n)
        memcpy(items, from->items, from->n * sizeof(*items));
    *to = (struct fw_tensor_list){.items = items, .n = from->n};
    return FW_OK;
}

uint64_t fw_tensor_spec_elements(const struct fw_tensor_spec *t)
{
    uint64_t n = 1;

    for (uint32_t i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

uint64_t fw_tensor_list_elements(const struct fw_tensor_list *l)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < l->n; i++)
        n += fw_tensor_spec_elements(&l->items[i]);
    return n;
}

/* Name, rank and size of one tensor; adds its elements to *total. */
static fw_status check_tensor(const struct fw_tensor_spec *t, uint32_t i,
                              uint64_t *total, struct fw_err *err)
{
    uint64_t n = 1;

    if (!t->name[0] || !fw_text_is_printable(t->name))
        return FW_REFUSE(err, JOB_INVALID,
                         "tensor %u has no printable UTF-8 name of 1 to %d "
                         "bytes",
                         i, FW_TENSOR_NAME_MAX);
    if (t->rank > FW_RANK_MAX)
        return FW_REFUSE(err, JOB_INVALID,
                         "tensor '%s' has %u axes, at most %d", t->name,
                         t->rank, FW_RANK_MAX);
    for (uint32_t k = 0; k < t->rank; k++) {
        if (__builtin_mul_overflow(n, t->shape[k], &n) || n > FW_ELEMENTS_MAX)
            return FW_REFUSE(err, JOB_INVALID, "tensor '%s' is too large",
                             t->name);
    }
    *total += n;
    if (*total > FW_ELEMENTS_MAX)
        return FW_REFUSE(err, JOB_INVALID,
                         "the tensors up to '%s' are too large together",
                         t->name);
    return FW_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fw_status check_unique(const struct fw_tensor_list *l,
                              struct fw_err *err)
{
    const char **names = fw_mem_array(l->n, sizeof(*names));
    fw_status s = FW_OK;

    if (!names)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    for (uint32_t i = 0; i < l->n; i++)
        names[i] = l->items[i].name;
    qsort(names, l->n, sizeof(*names), by_name);
    for (uint32_t i = 1; i < l->n && s == FW_OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            s = FW_REFUSE(err, JOB_INVALID, "two tensors are named '%s'",
                          names[i]);
    }
    free(names);
    return s;
}

fw_status fw_tensor_list_check(const struct fw_tensor_list *l,
                               struct fw_err *err)
{
    uint64_t total = 0;

    if (l->n == 0 || l->n > FW_TENSORS_MAX)
        return FW_REFUSE(err, JOB_INVALID, "%u tensors; give 1 to %u", l->n,
                         FW_TENSORS_MAX);
    for (uint32_t i = 0; i < l->n; i++) {
        fw_status s = check_tensor(&l->items[i], i, &total, err);

        if (s != FW_OK)
            return s;
    }
    if (total == 0)
        return FW_REFUSE(err, JOB_INVALID, "the tensors have no elements");
    return check_unique(l, err);
}

/* "[16, 1, 5, 5]" */
static void shape_text(const struct fw_tensor_spec *t,
                       char out[SHAPE_TEXT_BYTES])
{
    size_t n = (size_t)snprintf(out, SHAPE_TEXT_BYTES, "[");

    for (uint32_t i = 0; i < t->rank && n < SHAPE_TEXT_BYTES; i++)
        n += (size_t)snprintf(out + n, SHAPE_TEXT_BYTES - n, "%s%llu",
                              i ? ", " : "", (unsigned long long)t->shape[i]);
    if (n < SHAPE_TEXT_BYTES)
        snprintf(out + n, SHAPE_TEXT_BYTES - n, "]");
}

static bool has_tensor(const struct fw_tensor_list *l, const char *name)
{
    for (uint32_t i = 0; i < l->n; i++) {
        if (strcmp(l->items[i].name, name) == 0)
            return true;
    }
    return false;
}

static fw_status match_tensor(const struct fw_tensor_list *all,
                              const struct fw_tensor_spec *want,
                              const struct fw_tensor_spec *given,
                              struct fw_err *err)
{
    char a[SHAPE_TEXT_BYTES];
    char b[SHAPE_TEXT_BYTES];

    if (strcmp(want->name, given->name) != 0) {
        if (!has_tensor(all, given->name))
            return FW_REFUSE(err, UNKNOWN_TENSOR,
                             "the job has no tensor '%s'; '%s' belongs here",
                             given->name, want->name);
        return FW_REFUSE(err, SHAPE_MISMATCH,
                         "tensor '%s' stands where '%s' belongs; keep the "
                         "job's order",
                         given->name, want->name);
    }
    if (want->rank == given->rank &&
        memcmp(want->shape, given->shape, want->rank * sizeof(uint64_t)) == 0)
        return FW_OK;
    shape_text(given, a);
    shape_text(want, b);
    return FW_REFUSE(err, SHAPE_MISMATCH,
                     "tensor '%s' is %s here, %s in the "
                     "job",
                     want->name, a, b);
}

fw_status fw_tensor_list_match(const struct fw_tensor_list *want,
                               const struct fw_tensor_list *given,
                               struct fw_err *err)
{
    for (uint32_t i = 0; i < want->n && i < given->n; i++) {
        fw_status s =
            match_tensor(want, &want->items[i], &given->items[i], err);

        if (s != FW_OK)
            return s;
    }
    if (given->n > want->n)
        return FW_REFUSE(err, UNKNOWN_TENSOR, "the job has no tensor '%s'",
                         given->items[want->n].name);
    if (given->n < want->n)
        return FW_REFUSE(err, SHAPE_MISMATCH, "tensor '%s' is missing",
                         want->items[given->n].name);
    return FW_OK;
}

void fw_job_spec_close(struct fw_job_spec *s)
{
    fw_tensor_list_close(&s->tensors);
    *s = (struct fw_job_spec){0};
}

fw_status fw_job_spec_copy(const struct fw_job_spec *from,
                           struct fw_job_spec *to)
{
    struct fw_job_spec copy = *from;
    fw_status s = fw_tensor_list_copy(&from->tensors, &copy.tensors);

    if (s == FW_OK)
        *to = copy;
    return s;
}

void fw_job_spec_default(struct fw_job_spec *s)
{
    if (s->controller.law == FW_LAW_DEFAULT)
        s->controller.law = FW_LAW_MARGIN;
    if (!s->controller.step_policy)
        s->controller.step_policy = FW_STEP_KEEP_EFFECTIVE;
    if (!s->controller.probe_interval)
        s->controller.probe_interval = FW_PROBE_INTERVAL_DEFAULT;
    if (!s->schedule.kind)
        s->schedule.kind = FW_SCHEDULE_CONSTANT;
    if (!s->limits.max_workers)
        s->limits.max_workers = FW_WORKERS_MAX_DEFAULT;
    if (!s->limits.lease_ms)
        s->limits.lease_ms = FW_LEASE_DEFAULT_MS;
}

/* Refuse a field that is outside [low, high] or not a number. */
static fw_status check_range(const char *field, double x, double low,
                             double high, struct fw_err *err)
{
    if (x >= low && x <= high)
        return FW_OK;
    return FW_REFUSE(err, JOB_INVALID, "%s is %g; it may be %g to %g", field, x,
                     low, high);
}

static fw_status check_numbers(const struct fw_job_spec *s, struct fw_err *err)
{
    const double tiny = 1e-300; /* "above 0" */
    const double huge = 1e30;   /* no sane rate or norm is above */
    const double one = 1.0 - 1e-9;
    const struct {
        const char *field;
        double x;
        double low;
        double high;
    } rows[] = {
        {"controller.reference_momentum", s->controller.reference_momentum,
         -one, one},
        {"controller.reference_learning_rate",
         s->controller.reference_learning_rate, tiny, huge},
        {"controller.momentum_floor", s->controller.momentum_floor, -one, 0.0},
        {"optimizer.l2", s->optimizer.l2, 0.0, huge},
        {"optimizer.weight_decay", s->optimizer.weight_decay, 0.0, huge},
        {"optimizer.clip_norm", s->optimizer.clip_norm, 0.0, huge},
        {"schedule.final", s->schedule.final, 0.0, 1.0},
        {"limits.lease_ms", s->limits.lease_ms, LEASE_MIN_MS, LEASE_MAX_MS},
        {"limits.max_workers", s->limits.max_workers, 1.0, 1e6},
        {"limits.outlier_norm", s->limits.outlier_norm, -1.0, huge},
        {"limits.gradients_per_second", s->limits.quota.gradients_per_second,
         0.0, huge},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        fw_status st = check_range(rows[i].field, rows[i].x, rows[i].low,
                                   rows[i].high, err);

        if (st != FW_OK)
            return st;
    }
    return FW_OK;
}

static fw_status check_choices(const struct fw_job_spec *s, struct fw_err *err)
{
    const struct fw_controller_spec *c = &s->controller;

    if (c->law < FW_LAW_FIXED || c->law > FW_LAW_MANUAL)
        return FW_REFUSE(err, JOB_INVALID, "controller.law %d is not known",
                         (int)c->law);
    if (c->step_policy != FW_STEP_KEEP_EFFECTIVE &&
        c->step_policy != FW_STEP_KEEP_RATE)
        return FW_REFUSE(err, JOB_INVALID,
                         "controller.step_policy %d is not known",
                         (int)c->step_policy);
    if ((c->groups || c->groups_auto) && c->buffer > 1)
        return FW_REFUSE(err, JOB_INVALID,
                         "controller.groups and controller.buffer exclude each "
                         "other; leave one of them 0");
    if (c->groups && c->groups_auto)
        return FW_REFUSE(err, JOB_INVALID,
                         "controller.groups is %u and chosen automatically; "
                         "leave one of them out",
                         c->groups);
    if (c->groups > GROUPS_MAX || c->buffer > GROUPS_MAX)
        return FW_REFUSE(err, JOB_INVALID,
                         "controller.groups and controller.buffer are at most "
                         "%u",
                         GROUPS_MAX);
    if (s->schedule.kind < FW_SCHEDULE_CONSTANT ||
        s->schedule.kind > FW_SCHEDULE_COSINE)
        return FW_REFUSE(err, JOB_INVALID, "schedule.kind %d is not known",
                         (int)s->schedule.kind);
    if (s->schedule.kind != FW_SCHEDULE_CONSTANT && !s->schedule.period)
        return FW_REFUSE(err, JOB_INVALID,
                         "schedule.period is 0; a step or cosine schedule "
                         "needs a period in updates");
    if (s->schedule.kind == FW_SCHEDULE_STEP &&
        !(s->schedule.factor > 0.0 && s->schedule.factor <= 1.0))
        return FW_REFUSE(err, JOB_INVALID,
                         "schedule.factor is %g; it may be above 0 to 1",
                         s->schedule.factor);
    return FW_OK;
}

fw_status fw_job_spec_check(const struct fw_job_spec *s, struct fw_err *err)
{
    fw_status st;

    if (!fw_name_valid(s->name))
        return FW_REFUSE(err, NAME_INVALID, "job name '%s': give %s", s->name,
                         FW_NAME_RULE);
    st = check_numbers(s, err);
    if (st == FW_OK)
        st = check_choices(s, err);
    if (st == FW_OK)
        st = fw_tensor_list_check(&s->tensors, err);
    return st;
}
