/* study.h - a table of runs: clusters by arms by seeds.
 *
 * Layer: client/lab.  Thread: the caller's; runs go side by side in a crew.
 * Zero-initialise; close is safe twice. */
#ifndef FW_LAB_STUDY_H
#define FW_LAB_STUDY_H

#include "client/data/dataset.h"
#include "client/lab/sim.h"

#define FW_STUDY_CELLS_MAX 256u
#define FW_STUDY_ARMS_MAX  512u

/* A cluster. */
struct fw_cell {
    uint32_t workers;
    double straggler; /* the first worker is so many times slower; 0: none */
};

struct fw_study {
    /* set by the caller */
    const char *problem;              /* FW_PROBLEM_RULE */
    const struct fw_dataset *data;    /* lent; NULL if it needs none */
    const struct fw_service *service; /* lent */
    const struct fw_change *changes;  /* lent */
    size_t n_changes;
    const struct fw_cell *cells; /* lent */
    size_t n_cells;
    const struct fw_arm *arms; /* lent */
    size_t n_arms;
    uint64_t seed;    /* the first one; then rising by one */
    uint32_t n_seeds; /* at least 1 */
    double reference_momentum;
    double reference_rate;
    double target_loss; /* NAN: none */
    double max_time;
    uint64_t max_updates;
    uint32_t check_every;
    uint32_t probe_interval;
    uint32_t batch;
    double unit_ms;
    bool validate;
    enum fw_dtype wire; /* 0: FW_DTYPE_F32 */
    double wire_share;
    size_t threads;
    bool (*progress)(void *user, size_t done, size_t n);
    void *user;

    /* out */
    struct fw_record *records; /* owned; see fw_study_record */
    bool *skipped;             /* owned; runs that a filter left out */
};

/* Run all; with `only`, those runs for which it is true (cell, arm, seed from
 * 0).  May be called again with another filter; what has run stays.  On failure
 * the study is closed. */
FW_MUST_USE fw_status fw_study_run(struct fw_study *s,
                                   bool (*only)(const struct fw_study *s,
                                                size_t cell, size_t arm,
                                                size_t seed),
                                   struct fw_err *err);
void fw_study_close(struct fw_study *s);

/* One run's record; lent. */
const struct fw_record *fw_study_record(const struct fw_study *s, size_t cell,
                                        size_t arm, size_t seed);

/* What the seeds of a cell and arm say together.  Means are over all seeds, and
 * NAN unless all of them have a value. */
struct fw_summary {
    uint32_t runs;
    uint32_t reached;
    uint32_t diverged;
    double time;           /* to target */
    double updates;        /* to target */
    double worker_seconds; /* of the runs: cost */
    double loss;           /* last judged */
    double accuracy;
    double worst_accuracy; /* of a seed */
    double staleness;      /* mean */
    double ratio;          /* its sd/mean */
    double momentum;       /* at the end */
    double step;           /* at the end */
    double probe_share;    /* of gradient evaluations */
};

void fw_study_summarise(const struct fw_study *s, size_t cell, size_t arm,
                        struct fw_summary *out);

#endif
