/* history.h - what a server remembers of its runs, as plain structs.
 *
 * A run is the life of a job, from its creation to its deletion, through all
 * restarts of its server.  A number that is not known is NAN.
 *
 * Layer: sdk/wire.  Thread: its owner's.  Zero is valid and closed. */
#ifndef FW_WIRE_HISTORY_H
#define FW_WIRE_HISTORY_H

#include "sdk/wire/messages.h"

#define FW_HISTORY_POINTS_MAX 2000u /* of an answer */
#define FW_HISTORY_RUNS_MAX   1000u /* of an answer */

/* X(name): what is kept of a run second by second, as JSON and CSV call it. */
#define FW_SERIES_MAP(X)                                                       \
    X(loss)                                                                    \
    X(validation_loss)                                                         \
    X(momentum)                                                                \
    X(implicit_predicted)                                                      \
    X(implicit_measured)                                                       \
    X(total)                                                                   \
    X(target)                                                                  \
    X(effective_step)                                                          \
    X(step_bound)                                                              \
    X(workers)                                                                 \
    X(staleness_mean)                                                          \
    X(updates_per_second)

enum fw_series {
#define FW_SERIES_ENUM(name) FW_SERIES_##name,
    FW_SERIES_MAP(FW_SERIES_ENUM)
#undef FW_SERIES_ENUM
        FW_SERIES_COUNT
};

/* Columns of an answer: three plain ones, then least and greatest of each
 * series. */
enum fw_history_column {
    FW_HISTORY_TIME,           /* seconds since 1970 */
    FW_HISTORY_VERSION,        /* of the model */
    FW_HISTORY_WORKER_SECONDS, /* cost so far */
    FW_HISTORY_PLAIN,          /* how many of those there are */
    FW_HISTORY_COLUMNS = FW_HISTORY_PLAIN + 2 * FW_SERIES_COUNT,
};

/* "loss" and so on; valid for any number. */
const char *fw_series_name(unsigned series);

struct fw_history_request {
    char job[FW_NAME_MAX + 1]; /* its newest run; empty if `run` is told */
    uint64_t run;              /* 0: by job */
    int64_t from_ms;           /* since 1970; 0: from the start */
    int64_t to_ms;             /* since 1970; 0: to the end */
    uint32_t points;           /* at most; 0: FW_HISTORY_POINTS_MAX */
};

/* A run over time; of several rows that became one point the last version,
 * time and cost, and the least and the greatest of each series. */
struct fw_history_series {
    char job[FW_NAME_MAX + 1];
    uint64_t run;
    double resolution_s; /* time that became one point; 0: every row is one */
    uint64_t rows;       /* that were read */
    uint32_t n;          /* points */
    double *values;      /* owned: column after column, `n` each */
};

static inline double *fw_history_column(const struct fw_history_series *s,
                                        unsigned column)
{
    return s->values + (size_t)column * s->n;
}
static inline double *fw_history_low(const struct fw_history_series *s,
                                     enum fw_series series)
{
    return fw_history_column(s, FW_HISTORY_PLAIN + 2 * (unsigned)series);
}
static inline double *fw_history_high(const struct fw_history_series *s,
                                      enum fw_series series)
{
    return fw_history_column(s, FW_HISTORY_PLAIN + 2 * (unsigned)series + 1);
}

struct fw_runs_request {
    char job[FW_NAME_MAX + 1]; /* empty: of all jobs */
    uint32_t limit;            /* newest ones; 0: FW_HISTORY_RUNS_MAX */
};

struct fw_history_run {
    uint64_t id; /* never used again */
    char job[FW_NAME_MAX + 1];
    int64_t started_ms; /* since 1970 */
    int64_t last_ms;    /* when it was last heard of */
    int64_t ended_ms;   /* when its job was deleted; 0: it was not */
    uint64_t version;
    uint64_t updates; /* gradients applied */
    double loss;
    double validation_loss;
    double worker_seconds;
    enum fw_law law; /* the last one */
};

struct fw_run_list {
    struct fw_history_run *items; /* owned; newest first */
    uint32_t n;
};

/* Room for `n` points, all NAN.  FW_NOMEM leaves `s` without points. */
FW_MUST_USE fw_status fw_history_series_init(struct fw_history_series *s,
                                             uint32_t n);
void fw_history_series_close(struct fw_history_series *s);
void fw_run_list_close(struct fw_run_list *l);

#endif
