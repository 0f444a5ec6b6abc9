/* trainer.h - the worker's loop: pull, compute, push, and again.
 *
 * Layer: client/worker.  Thread: its caller's.  Owns nothing after it returns;
 * leaves the job politely whatever ends it. */
#ifndef FW_WORKER_TRAINER_H
#define FW_WORKER_TRAINER_H

#include "client/worker/stop.h"
#include "client/worker/task.h"

struct fw_trainer_progress {
    uint64_t rounds;   /* gradients applied */
    uint64_t refused;  /* gradients that were too old, or not wanted then */
    uint64_t samples;  /* in the gradients applied */
    uint64_t version;  /* of the parameters it has */
    double seconds;    /* since it joined */
    double loss;       /* of the last batch; NAN before it */
    double staleness;  /* mean over its gradients; NAN before the first */
    double momentum;   /* of the last step */
    double curvature;  /* of the last probe; NAN before it */
    uint64_t computed; /* gradient evaluations, probes left out */
    uint64_t probes;   /* gradient evaluations spent on probes */
    const char *name;  /* it joined by; valid during the call only */
};

/* Zero limits are no limits. */
struct fw_trainer_options {
    const char *address;
    const char *job;
    const char *name; /* NULL: the SDK makes one */
    enum fw_dtype wire_dtype;
    double wire_share; /* of top-k */
    uint32_t timeout_ms;
    uint64_t seed;          /* of first parameters and probes */
    double slowdown;        /* 1: as fast as it can; 2: half as fast */
    uint64_t probe_every;   /* measure curvature when the job asks for it, once
                               in so many gradients at most; 0: never */
    uint64_t rounds;        /* end after so many */
    uint64_t samples;       /* end after so many of its own */
    uint64_t until_version; /* end when the model has it */
    uint64_t start_delay_ms;
    void (*progress)(void *user, const struct fw_trainer_progress *p);
    fw_log_fn *log;       /* as in flywheel.h */
    void *user;           /* of both */
    uint64_t progress_ms; /* between two calls of `progress` */
};

/* Train until a limit is reached or `stop` is asked for; both are FW_OK.
 * `out` is filled in on failure too. */
FW_MUST_USE fw_status fw_trainer_run(const struct fw_trainer_options *o,
                                     struct fw_task *task, struct fw_stop *stop,
                                     struct fw_trainer_progress *out,
                                     struct fw_err *err);

#endif
