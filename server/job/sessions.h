/* sessions.h - the workers of a job: leases, epochs, exactly once.
 *
 * A worker is a name; each Join gives it a new session with a higher epoch, the
 * fencing token, and a secret key.  Gradients of a session are numbered 1, 2, 3
 * ... and each is applied once: the last answer is kept for a repetition.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_JOB_SESSIONS_H
#define FW_JOB_SESSIONS_H

#include "sdk/base/list.h"
#include "sdk/wire/messages.h"

struct fw_held;

#define FW_STRIKES       3u   /* of a worker, that put it in quarantine */
#define FW_DEPARTED_KEPT 256u /* workers shown after they went */

/* What a session is found by. */
enum fw_session_index {
    FW_SESSION_BY_NAME,
    FW_SESSION_BY_KEY,
    FW_SESSION_BY_EPOCH,
    FW_SESSION_INDEXES,
};

struct fw_session {
    struct fw_list link; /* in fw_sessions.all */
    struct fw_list turn; /* in fw_sessions.alive or .gone */
    struct fw_session *chain[FW_SESSION_INDEXES]; /* next in a bucket */
    char name[FW_NAME_MAX + 1];
    uint8_t key[FW_SESSION_BYTES]; /* secret */
    uint64_t epoch;
    enum fw_worker_state state;
    bool unheard; /* out of a checkpoint, and silent since */
    enum fw_dtype dtype;
    int64_t rated_ms;                /* since then `rated` is counted; */
    uint64_t rated;                  /* gradients it had then */
    double rate;                     /* gradients/s till then; 0: not known */
    int64_t heard_ms;                /* last message; the lease runs from it */
    uint64_t sequence;               /* of the last gradient that was judged */
    struct fw_gradient_ack last_ack; /* its answer */
    uint64_t base_version;           /* of the last gradient applied */
    uint64_t pushed_base;            /* of the last one pushed */
    uint64_t pushed_samples;         /* in it */
    uint64_t gradients;              /* applied */
    uint64_t refused;
    uint64_t samples;
    double staleness_sum;

    /* gate.h */
    uint64_t strike[FW_STRIKES]; /* sequences of the last ones; 0: none */
    uint64_t strikes;            /* ever */
    bool quarantined;            /* stays with the name */

    /* of its group (groups.h) */
    struct fw_held *held; /* lent; who waits for its answer, or NULL */
    struct fw_gradient_ack pending; /* that answer, as far as it is known */
    uint32_t group;                 /* its number */
    bool delivered;                 /* to the round under way */
    bool moved;                     /* works on what another group gave it */
    int64_t given_ms;               /* when it was given its base; 0: never */
    bool warm;                      /* the first time is behind it */
    uint64_t services;              /* times measured */
    double service_ms;              /* smoothed: from base to delivery */
    double service_variance;        /* of that */
};

/* Does not move once it is initialised: its lists point into it. */
struct fw_sessions {
    struct fw_list all;   /* owned; in order of joining */
    struct fw_list alive; /* connected; the longest silent one first */
    struct fw_list gone;  /* lost or left; the first to go first */
    struct fw_session **bucket[FW_SESSION_INDEXES]; /* owned; chains */
    uint32_t n_buckets;                             /* of each index */
    uint64_t epoch;                                 /* last one given out */
    uint32_t connected;
    uint32_t departed;    /* lost or left, still shown */
    uint64_t lost;        /* leases that ever ran out */
    int64_t lease_ms;     /* set at init */
    uint32_t max_workers; /* set at init */
};

void fw_sessions_init(struct fw_sessions *s, int64_t lease_ms,
                      uint32_t max_workers);
void fw_sessions_close(struct fw_sessions *s);

/* A new session for `name`; an older one of the same name that is over is
 * forgotten.  WORKER_EXISTS, TOO_MANY_WORKERS, OUT_OF_MEMORY. */
FW_MUST_USE fw_status fw_sessions_join(struct fw_sessions *s, const char *name,
                                       const uint8_t key[FW_SESSION_BYTES],
                                       enum fw_dtype dtype, int64_t now_ms,
                                       struct fw_session **out,
                                       struct fw_err *err);

/* By secret key; NULL if there is none.  Its first bytes choose a bucket, all
 * of them are compared in constant time. */
struct fw_session *fw_sessions_by_key(struct fw_sessions *s,
                                      const uint8_t key[FW_SESSION_BYTES]);

/* A connected one of this name that came out of a checkpoint and has been
 * silent since; NULL if there is none. */
struct fw_session *fw_sessions_unheard(struct fw_sessions *s, const char *name);

/* The newest session of a name, connected or not; NULL if there is none. */
struct fw_session *fw_sessions_by_name(struct fw_sessions *s, const char *name);

/* By epoch, connected or not; NULL if there is none (any more). */
struct fw_session *fw_sessions_by_epoch(struct fw_sessions *s, uint64_t epoch);

/* Something was heard of a connected one. */
/* Gradients a second of a live one, over its last seconds. */
double fw_session_rate(const struct fw_session *w, int64_t now_ms);

void fw_sessions_heard(struct fw_sessions *s, struct fw_session *who,
                       int64_t now_ms);

/* Connected no more; `who` itself stays for show, the one that went first may
 * be forgotten. */
void fw_sessions_end(struct fw_sessions *s, struct fw_session *who,
                     enum fw_worker_state state);

/* A connected session whose lease has run out at `now_ms`; NULL if none. */
struct fw_session *fw_sessions_expired(struct fw_sessions *s, int64_t now_ms);

/* When the next lease will have run out if nothing more is heard; INT64_MAX:
 * nobody is connected. */
int64_t fw_sessions_next_ms(const struct fw_sessions *s);

#endif
