#include "client/cli/top_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/show.h"
#include "sdk/base/mem.h"

#define SILENT_MS     5000 /* longer than a heartbeat and a stutter */
#define SLOW_SHARE    0.5  /* of the mean worker's rate */
#define STALE_RATIO   2.0  /* of the job's mean staleness */
#define REFUSED_SHARE 0.1  /* of a worker's gradients */
#define MS_PER_S      1000.0

const struct fw_top_column fw_top_job_columns[] = {
    {"JOB", 20, true},     {"STATE", 8, true},   {"WORKERS", 7, false},
    {"VERSION", 9, false}, {"GRAD/S", 8, false}, {"SAMPLES/S", 9, false},
    {"LOSS", 8, false},    {"VALID", 8, false},  {"MOMENTUM", 8, false},
    {"TARGET", 7, false},  {"STALE", 7, false},  {"LAW", 10, true},
};
const size_t fw_top_n_job_columns =
    sizeof(fw_top_job_columns) / sizeof(fw_top_job_columns[0]);

const struct fw_top_column fw_top_worker_columns[] = {
    {"WORKER", 20, true},    {"STATE", 11, true},   {"GROUP", 5, false},
    {"GRADIENTS", 9, false}, {"REFUSED", 7, false}, {"GRAD/S", 8, false},
    {"STALE", 7, false},     {"P95", 6, false},     {"SILENT", 8, false},
    {"WHY", 11, true},
};
const size_t fw_top_n_worker_columns =
    sizeof(fw_top_worker_columns) / sizeof(fw_top_worker_columns[0]);

void fw_top_table_close(struct fw_top_table *t)
{
    free(t->rows);
    *t = (struct fw_top_table){0};
}

const char *fw_top_why(const struct fw_job_status *j,
                       const struct fw_worker_status *w)
{
    double mean = j->workers ? j->gradients_per_second / j->workers : 0.0;

    if (w->quarantined)
        return "quarantined";
    if (w->state != FW_WORKER_CONNECTED)
        return "";
    if (w->silent_ms > SILENT_MS)
        return "silent";
    if ((double)w->refused > REFUSED_SHARE * (double)w->gradients &&
        w->refused > 1)
        return "refused";
    if (j->workers > 1 && w->gradients_per_second < SLOW_SHARE * mean)
        return "slow";
    if (w->staleness_mean > STALE_RATIO * j->staleness.mean &&
        w->staleness_mean > 1.0)
        return "stale";
    return "";
}

static void put_text(struct fw_top_row *r, size_t *column, const char *text)
{
    snprintf(r->cell[*column], FW_TOP_CELL_BYTES, "%.*s", FW_TOP_CELL_BYTES - 1,
             text);
    r->key[(*column)++] = NAN;
}

static void put_number(struct fw_top_row *r, size_t *column, double x,
                       int digits)
{
    fw_show_number(r->cell[*column], x, digits);
    r->key[(*column)++] = x;
}

static void put_loss(struct fw_top_row *r, size_t *column, double x)
{
    fw_show_loss(r->cell[*column], x);
    r->key[(*column)++] = x;
}

static void fill_job(struct fw_top_row *r, const struct fw_job_status *j)
{
    bool waits = j->state == FW_JOB_WAITING;
    size_t c = 0;

    *r = (struct fw_top_row){.name = j->name};
    if (j->checkpoint_failures >= FW_DEGRADED_FROM)
        r->style = FW_TOP_BAD;
    else if (j->quarantined)
        r->style = FW_TOP_WARN;
    else if (waits || j->workers == 0)
        r->style = FW_TOP_FAINT;
    put_text(r, &c, j->name);
    if (j->checkpoint_failures >= FW_DEGRADED_FROM)
        put_text(r, &c, "DEGRADED");
    else
        put_text(r, &c, waits ? "waiting" : "training");
    put_number(r, &c, j->workers, 0);
    put_number(r, &c, (double)j->version, 0);
    put_number(r, &c, j->gradients_per_second, 1);
    put_number(r, &c, j->samples_per_second, 0);
    put_loss(r, &c, j->loss.training);
    put_loss(r, &c, j->loss.validation);
    put_number(r, &c, j->momentum.momentum, 3);
    put_number(r, &c, j->momentum.target, 3);
    put_number(r, &c, j->staleness.mean, 2);
    put_text(r, &c, fw_law_name(j->momentum.law));
}

static void fill_worker(struct fw_top_row *r, const struct fw_job_status *j,
                        const struct fw_worker_status *w)
{
    const char *why = fw_top_why(j, w);
    size_t c = 0;

    *r = (struct fw_top_row){.name = w->name};
    if (w->quarantined || w->state == FW_WORKER_LOST)
        r->style = FW_TOP_BAD;
    else if (w->state == FW_WORKER_LEFT)
        r->style = FW_TOP_FAINT;
    else if (why[0])
        r->style = FW_TOP_WARN;
    put_text(r, &c, w->name);
    put_text(r, &c, fw_show_worker_state(w));
    put_number(r, &c, w->group ? w->group : NAN, 0);
    put_number(r, &c, (double)w->gradients, 0);
    put_number(r, &c, (double)w->refused, 0);
    put_number(r, &c, w->gradients_per_second, 1);
    put_number(r, &c, w->staleness_mean, 2);
    put_number(r, &c, (double)w->staleness_p95, 0);
    put_number(r, &c, (double)w->silent_ms / MS_PER_S, 1);
    put_text(r, &c, why);
}

static bool passes(const struct fw_top_table *t, const struct fw_top_row *r,
                   const char *filter)
{
    if (!filter[0] || strcasestr(r->name, filter))
        return true;
    for (size_t i = 1; i < t->n_columns; i++) {
        if (t->columns[i].is_text && strcasestr(r->cell[i], filter))
            return true;
    }
    return false;
}

static int by_number(double a, double b, bool descending)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0); /* unknown: last */
    if (a == b)
        return 0;
    return (a < b) != descending ? -1 : 1;
}

struct sorting {
    const struct fw_top_table *table;
    const struct fw_top_order *order;
};

static int compare(const void *x, const void *y, void *arg)
{
    const struct sorting *s = arg;
    const struct fw_top_row *a = x;
    const struct fw_top_row *b = y;
    size_t c = s->order->column;
    int d;

    if (c > 0 && !s->table->columns[c].is_text) {
        d = by_number(a->key[c], b->key[c], s->order->descending);
    } else {
        d = c ? strcmp(a->cell[c], b->cell[c]) : strcmp(a->name, b->name);
        d = s->order->descending ? -d : d;
    }
    return d ? d : strcmp(a->name, b->name);
}

/* Keep a row that was written behind the last one, if it passes. */
static void keep(struct fw_top_table *t, const struct fw_top_order *o)
{
    t->n_all++;
    if (passes(t, &t->rows[t->n], o->filter))
        t->n++;
}

static fw_status begin(struct fw_top_table *t, size_t n)
{
    fw_top_table_close(t);
    t->rows = fw_mem_array(n, sizeof(*t->rows));
    return t->rows ? FW_OK : FW_NOMEM;
}

static void sort(struct fw_top_table *t, const struct fw_top_order *o)
{
    struct sorting s = {t, o};

    if (o->column < t->n_columns && t->n)
        qsort_r(t->rows, t->n, sizeof(*t->rows), compare, &s);
}

fw_status fw_top_table_jobs(struct fw_top_table *t,
                            const struct fw_status_response *all,
                            const struct fw_top_order *o)
{
    fw_status s = begin(t, all->n_jobs);

    t->columns = fw_top_job_columns;
    t->n_columns = fw_top_n_job_columns;
    for (uint32_t i = 0; s == FW_OK && i < all->n_jobs; i++) {
        fill_job(&t->rows[t->n], &all->jobs[i]);
        keep(t, o);
    }
    sort(t, o);
    return s;
}

fw_status fw_top_table_workers(struct fw_top_table *t,
                               const struct fw_job_status *j,
                               const struct fw_top_order *o)
{
    fw_status s = begin(t, j->n_workers);

    t->columns = fw_top_worker_columns;
    t->n_columns = fw_top_n_worker_columns;
    for (uint32_t i = 0; s == FW_OK && i < j->n_workers; i++) {
        fill_worker(&t->rows[t->n], j, &j->worker[i]);
        keep(t, o);
    }
    sort(t, o);
    return s;
}
