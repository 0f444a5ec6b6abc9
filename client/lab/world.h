/* world.h - inside of a simulation: the job, its workers, the clock.
 *
 * sim.c lets time pass, world_job.c works with the job, world_worker.c is a
 * worker's life.  Only those include this.
 *
 * Layer: client/lab.  Thread: the run's. */
#ifndef FW_LAB_WORLD_H
#define FW_LAB_WORLD_H

#include "client/lab/agenda.h"
#include "client/lab/sim.h"
#include "sdk/client/feedback.h"
#include "sdk/client/probe.h"
#include "server/job/job.h"

enum fw_world_event {
    FW_WORLD_PUSH,   /* a worker has computed its gradient */
    FW_WORLD_CHANGE, /* a change of the plan is due */
};

struct fw_world_worker {
    struct fw_held held;    /* first: told when its group has stepped */
    struct fw_world *world; /* lent; where it works */
    uint64_t epoch;         /* of its session; 0: never joined */
    uint8_t session[FW_SESSION_BYTES];
    struct fw_version *base;     /* ref; parameters it computes at */
    float *ahead;                /* owned; those it was sent instead, or NULL */
    struct fw_random random;     /* of its service times */
    struct fw_probe probe;       /* owned */
    struct fw_feedback feedback; /* owned; with top-k, once it has pushed */
    bool fed;                    /* its gradient is in there */
    double slowness;             /* factor of its service times */
    uint64_t sequence;           /* of its last gradient */
    bool probes;                 /* its gradient is wanted with a probe */
    bool connected;
    bool silent; /* connected, but computes nothing */
    bool busy;   /* a push of its is in the agenda */
};

struct fw_world {
    const struct fw_sim_plan *plan; /* lent */
    struct fw_record *record;       /* lent; filled in */
    struct fw_err *err;             /* lent */
    struct fw_job job;
    struct fw_agenda agenda;
    struct fw_rival rival;
    struct fw_world_worker *workers; /* owned; all there will ever be */
    uint32_t n_workers;              /* that ever joined */
    uint32_t connected;
    double now;                /* virtual time */
    double ticked;             /* when the job was told last */
    uint64_t checked;          /* version that the loss was judged at */
    uint32_t refusals;         /* in a row */
    struct fw_thought thought; /* scratch */
    fw_status status;          /* of what happened in an answer */
    float *w;                  /* owned; flat parameters of now */
    float *read;               /* owned; flat parameters of a worker */
    float *g;                  /* owned; gradient */
    enum fw_dtype dtype;       /* how floats travel */
    uint8_t *wire;             /* owned; a vector as it travels; NULL: f32 */
    float *coarse;             /* owned; parameters as they arrive; or NULL */
    struct fw_version **past;  /* owned, ref each; for a replayed trace */
    size_t n_past;             /* length of that ring; 0: none */
};

/* --- the job --- */

FW_MUST_USE fw_status fw_world_job_open(struct fw_world *w);
void fw_world_job_close(struct fw_world *w);

/* The job's clock. */
int64_t fw_world_ms(const struct fw_world *w);

/* What the server does besides: ticks, and the twin when it is due. */
void fw_world_tick(struct fw_world *w);
void fw_world_think(struct fw_world *w);

/* Version `v` as one array: its own, or `flat` filled in. */
const float *fw_world_flat(const struct fw_version *v, float *flat);

/* `who` has its answer: it begins anew. */
FW_MUST_USE fw_status fw_world_answered(struct fw_world *w, uint32_t who,
                                        const struct fw_gradient_ack *ack);

/* Push w->g as `who`'s, computed at its base. */
FW_MUST_USE fw_status fw_world_push(struct fw_world *w, uint32_t who,
                                    double loss, double curvature);

/* --- the wire --- */

/* What dtypes do to floats; nothing with f32.  FW_NOMEM. */
FW_MUST_USE fw_status fw_world_wire_open(struct fw_world *w);
void fw_world_wire_close(struct fw_world *w);

/* Parameters as a worker gets them: `sent` itself or w->coarse. */
const float *fw_world_arrived(struct fw_world *w, const float *sent);

/* w->g as `k` sends it. */
FW_MUST_USE fw_status fw_world_encode(struct fw_world *w,
                                      struct fw_world_worker *k,
                                      struct fw_span *out);

/* What was sent has been taken by the job, or refused. */
void fw_world_judged(struct fw_world *w, struct fw_world_worker *k,
                     bool applied);

/* --- the workers --- */

/* `n` connected workers: join new ones, or let the last ones leave. */
FW_MUST_USE fw_status fw_world_staff(struct fw_world *w, uint32_t n);
void fw_world_dismiss(struct fw_world *w);

/* `who` reads parameters and begins a gradient. */
FW_MUST_USE fw_status fw_world_begin(struct fw_world *w, uint32_t who);

/* `who` has finished one. */
FW_MUST_USE fw_status fw_world_finish(struct fw_world *w, uint32_t who);

/* Make a change happen. */
FW_MUST_USE fw_status fw_world_change(struct fw_world *w,
                                      const struct fw_change *c);

#endif
