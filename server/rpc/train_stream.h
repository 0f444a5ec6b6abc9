/* train_stream.h - the Train stream: gradients up, answers and parameters down.
 *
 * Two halves.  The reading half is touched by whoever holds the reading baton:
 * the bulk thread, which gathers chunks; the job, when a reservation was
 * granted or when one of the two gradient slots came free.  The writing half is
 * the outbox, under the call's lock: a few small answers, oldest first, then
 * the chunks of one transfer.
 *
 *   OPENING --> READY --> WAITING for room --> READY ...
 *                 \-----> FULL: both gradients are with the job --> READY ...
 *
 * Layer: server/rpc.  Thread: as above. */
#ifndef FW_RPC_TRAIN_STREAM_H
#define FW_RPC_TRAIN_STREAM_H

#include "server/engine/jobs.h"
#include "server/rpc/call.h"
#include "server/rpc/pauses.h"
#include "server/rpc/transfer.h"

#define FW_PUSHES  2 /* gradients of a worker that may be with the job */
#define FW_ANSWERS 8 /* small messages that may wait in the outbox */

struct fw_train;

/* A complete gradient on its way to the job and back. */
struct fw_push {
    struct fw_letter letter;    /* first */
    struct fw_held held;        /* while its group is collecting */
    struct fw_step_watch watch; /* while it is applied */
    struct fw_train *train;     /* whose this is */
    struct fw_gather *gather;   /* owned while it is on its way */
    bool want_parameters;
    bool early; /* call's lock; they began to go before it was applied */
    bool busy;  /* call's lock */
};

struct fw_train {
    struct fw_call *call;      /* whose state this is */
    struct fw_job_thread *job; /* ref; after the open message */

    /* reading baton */
    struct fw_session_key key;      /* of the open message */
    struct fw_gather *gather;       /* owned; being filled */
    struct fw_gather_waiter waiter; /* in the pool's line */
    struct fw_gather *granted;      /* owned; from the pool to room_letter */
    struct fw_message held; /* owned; first chunk, until there is room */
    struct fw_letter open_letter;
    struct fw_letter room_letter; /* the pool has room */
    struct fw_letter touch_letter;
    struct fw_letter look_letter;
    struct fw_letter pull_letter;
    int64_t touched_ms;    /* when the lease was last renewed */
    int64_t beat_ms;       /* when a heartbeat was answered; 0: never */
    size_t landed;         /* bytes of an element that has landed in part */
    int64_t begun_us;      /* when the gradient began to come */
    int64_t quick_us;      /* what the last one took on this stream; 0: none */
    bool early;            /* of this one parameters go before its end */
    uint32_t shown;        /* so many blocks of them, if they can */
    struct fw_quota *pace; /* the job's; NULL: it has no rates to keep to */
    int64_t rest_us;       /* read on then; 0: at once */
    struct fw_pause pause; /* while it rests */

    bool in_line; /* atomic: it waits for room */

    /* set by the job thread before reading goes on */
    uint64_t epoch; /* 0: not open yet */
    enum fw_dtype dtype;

    /* call's lock */
    struct fw_push pushes[FW_PUSHES];
    bool open;     /* it has an epoch */
    bool looking;  /* the look letter is on its way */
    bool touching; /* the touch letter is on its way */
    bool starved;  /* reading stopped until a push is free */
    bool closing;  /* the worker sends no more; acks may be due */
    grpc_byte_buffer *answers[FW_ANSWERS]; /* owned; a ring */
    unsigned first_answer;
    unsigned n_answers;
    struct fw_transfer transfer;
};

void fw_train_start(struct fw_call *c);
void fw_train_read(struct fw_call *c, struct fw_message *m);
grpc_byte_buffer *fw_train_next(struct fw_call *c);
void fw_train_close(struct fw_call *c);

#endif
