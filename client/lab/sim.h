/* sim.h - one training run under a virtual clock.
 *
 * The job is server/job's own, with its controller; the workers are events: a
 * worker reads the parameters, a service time later it has computed a gradient
 * there and pushes it, and so on.  Gradients are real, only time is made up;
 * the same plan gives the same run, bit for bit.
 *
 * Layer: client/lab.  Thread: one run a thread; runs share nothing but what
 * their plans lend to be read. */
#ifndef FW_LAB_SIM_H
#define FW_LAB_SIM_H

#include "client/lab/arm.h"
#include "client/lab/change.h"
#include "client/lab/problem.h"
#include "client/lab/record.h"
#include "client/lab/service.h"

#define FW_SIM_WORKERS_MAX 10000u

struct fw_sim_plan {
    struct fw_problem *problem;       /* lent, this run's alone */
    const struct fw_service *service; /* lent */
    const struct fw_arm *arm;         /* lent */
    const struct fw_change *changes;  /* lent; what happens on the way */
    size_t n_changes;
    uint32_t workers; /* 1 to FW_SIM_WORKERS_MAX */
    double straggler; /* the first worker is so many times slower than the
                         others, if there are any; 0: none */
    double reference_momentum; /* mu* */
    double reference_rate;     /* alpha* */
    double target_loss;        /* ends the run; NAN: none */
    double max_time;           /* ends it; in mean service times */
    uint64_t max_updates;      /* ends it; 0: no limit */
    uint32_t check_every;      /* updates between judgements of the loss */
    uint32_t probe_interval;   /* updates between probes; 0: none */
    double unit_ms;            /* a mean service time on the job's clock */
    bool validate;             /* at the end */
    enum fw_dtype wire;        /* how floats travel; 0: FW_DTYPE_F32 */
    double wire_share;         /* of the elements; with FW_DTYPE_TOPK */
    uint64_t seed;
};

/* Run it.  FW_INVALID, FW_NOMEM: nothing was measured.  A run that diverges or
 * does not reach its target is FW_OK.  The caller closes *out. */
FW_MUST_USE fw_status fw_sim_run(const struct fw_sim_plan *plan,
                                 struct fw_record *out, struct fw_err *err);

#endif
