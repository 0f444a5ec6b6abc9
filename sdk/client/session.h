/* session.h - a worker's membership of a job: Join, the Train stream, Leave.
 *
 * The background thread sends heartbeats whenever nothing else was sent for a
 * while, feeds chunks of a gradient into the stream and decodes parameters
 * straight into the caller's array; the caller's thread only waits.
 *
 * A session that has ended stays ended and tells why; joining again means a
 * new session on the same connection.
 *
 * Layer: sdk/client.  Thread: functions by one thread at a time.  Lives inside
 * a worker handle and must not move while open. */
#ifndef FW_CLIENT_SESSION_H
#define FW_CLIENT_SESSION_H

#include "sdk/client/transfer.h"

struct fw_session {
    /* set at open */
    struct fw_connection *connection; /* lent by the handle; NULL: closed */
    struct fw_session_key key;
    struct fw_join_response joined;
    uint32_t chunk; /* most elements a message */
    uint32_t timeout_ms;
    fw_log_fn *log; /* lent by the caller; may be NULL */
    void *log_user;

    struct fw_stream train; /* its lock guards the rest */
    bool opened;            /* the server has accepted the stream */
    bool closing;           /* we end it: that is no news */
    int64_t sent_ms;        /* when something was last sent */
    uint64_t sequence;      /* of the gradient that was last begun */

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
    fw_log_fn *log;      /* may be NULL */
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

/* What pull.c and push.c share; with the lock held.
 *
 * Wait until no heartbeat is being sent. */
FW_MUST_USE fw_status fw_session_wait_idle(struct fw_session *s);

/* Send a message without data. */
FW_MUST_USE fw_status fw_session_send(struct fw_session *s,
                                      const struct fw_train_request *m);

#endif
