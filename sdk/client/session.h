/* session.h - a worker's membership of a job: Join, the Train stream, Leave.
 *
 * The background thread sends heartbeats whenever nothing else was sent for a
 * while, feeds chunks of a gradient into the stream and decodes parameters
 * straight into the caller's array; the caller's thread only waits.
 *
 * A session outlives its stream: what breaks is opened again (reconnect.h).
 * One that has ended for good stays ended and tells why.
 *
 * Layer: sdk/client.  Thread: functions by one thread at a time.  Lives inside
 * a worker handle and must not move while open. */
#ifndef FW_CLIENT_SESSION_H
#define FW_CLIENT_SESSION_H

#include "sdk/base/random.h"
#include "sdk/client/transfer.h"

struct fw_session {
    /* set at open */
    struct fw_connection *connection; /* lent by the handle; NULL: closed */
    struct fw_session_key key;
    struct fw_join_response joined;
    uint32_t chunk;                /* most elements a message */
    const struct fw_topk_cut *cut; /* lent by the handle; with top-k */
    uint32_t timeout_ms;
    uint32_t reconnect_ms; /* how long a break may last; 0: none may be */
    uint32_t patience_ms;  /* how long the present one may */
    bool no_lane;          /* gRPC is wanted for the stream too */
    bool no_local;         /* no lane through memory */
    fw_log_fn *log;        /* lent by the caller; may be NULL */
    void *log_user;
    struct fw_join_request again; /* how to join once more; no tensors */

    struct fw_stream train; /* its lock guards the rest */
    bool opened;            /* the server has accepted the stream */
    bool closing;           /* we end it: that is no news */
    int64_t sent_ms;        /* when something was last sent */

    /* reconnect.h */
    bool established;      /* it was opened once */
    bool interrupted;      /* the stream broke since a call began */
    bool rejoin;           /* the server does not know us: Join is due */
    fw_status dead;        /* not FW_OK: the session has ended for good */
    struct fw_err why;     /* explains `dead`, or the last break */
    int64_t broken_ms;     /* since when there is no stream; 0: there is one */
    bool told;             /* that it is lost; not yet that it is back */
    int64_t retry_ms;      /* when to try next, or to give up on a try */
    uint32_t tries;        /* since it broke */
    struct fw_random dice; /* of the waits between tries */

    /* exactly once */
    uint64_t sequence;    /* of the last gradient that was sent or judged */
    uint64_t pending;     /* of the one whose answer is waited for; 0: none */
    uint64_t applied;     /* acknowledged as part of the model */
    uint64_t lost;        /* of those and refused ones, by a crash; not told */
    uint64_t incarnation; /* of the server */
    bool restarted;       /* the caller's parameters are of before a crash */

    struct fw_gradient_head gradient; /* being pushed */
    struct fw_sender tx;              /* its values; NULL values: none */
    struct fw_loan loan;              /* of its values */
    bool acked;                       /* `ack` answers it */
    struct fw_gradient_ack ack;
    bool probe;            /* the next gradient is wanted with one */
    struct fw_receiver rx; /* parameters; NULL values: not asked for */
};

/* How a session is opened. */
struct fw_session_setup {
    const struct fw_join_request *join;
    uint32_t timeout_ms; /* of each call */
    uint32_t reconnect_ms;
    bool no_lane;
    bool no_local;
    fw_log_fn *log; /* may be NULL */
    void *log_user;
};

/* Join and open the stream.  On failure the session is closed. */
FW_MUST_USE fw_status fw_session_open(struct fw_session *s,
                                      struct fw_connection *c,
                                      const struct fw_session_setup *setup,
                                      struct fw_err *err);

/* Leave, waiting at most two seconds, and close the stream.  Safe twice and on
 * zero. */
void fw_session_close(struct fw_session *s);

/* Receive the newest parameters (all elements). */
FW_MUST_USE fw_status fw_session_pull(struct fw_session *s, float *parameters,
                                      uint64_t *version, struct fw_err *err);

/* Push a gradient; with `parameters` also receive those that contain it, and
 * ack->version becomes theirs.  The values are not read after the return.  A
 * refused gradient is a status and a reason; the session goes on. */
FW_MUST_USE fw_status fw_session_push(struct fw_session *s,
                                      const struct fw_gradient *g,
                                      float *parameters, struct fw_ack *ack,
                                      struct fw_err *err);

/* Wait until a stream that has broken is mended; false if it was not broken or
 * the session is dead: there is nothing to wait for. */
bool fw_session_await(struct fw_session *s);

/* What pull.c, push.c and reconnect.c share; with the lock held.
 *
 * Ask for parameters and wait until they are in `rx`.  If the stream breaks
 * `interrupted` is set. */
FW_MUST_USE fw_status fw_session_fetch(struct fw_session *s, float *parameters);

/* Join; touches nothing that the lock guards, which must not be held. */
FW_MUST_USE fw_status fw_session_join(struct fw_session *s,
                                      const struct fw_join_request *m,
                                      struct fw_join_response *out,
                                      struct fw_err *err);

/* Where to try a lane for the stream. */
struct fw_lane_place fw_session_place(const struct fw_session *s);

/* Be the session that a Join has opened. */
void fw_session_settle(struct fw_session *s,
                       const struct fw_join_response *joined);

/* Wait until `ready(s)`; FW_UNAVAILABLE if the stream breaks first. */
FW_MUST_USE fw_status fw_session_wait(struct fw_session *s, fw_ready_fn *ready,
                                      const char *doing);

/* Wait until no heartbeat is being sent. */
FW_MUST_USE fw_status fw_session_wait_idle(struct fw_session *s);

/* Send a message without data. */
FW_MUST_USE fw_status fw_session_send(struct fw_session *s,
                                      const struct fw_train_request *m);

#endif
