/* call.h - one gRPC call on the server, from its arrival to its last tag.
 *
 *   ARMED --> OPEN --> (reads and writes, one of each at a time) --> FINISHED
 *
 * A read is started by whoever holds the reading baton and ends in `on_read`;
 * writes and the end go through fw_call_write and fw_call_finish, from any
 * thread: the call's lock orders them, and one is in flight at a time.  Every
 * tag and every letter on its way holds a reference; the last one frees.
 *
 * Layer: server/rpc.  Thread: completion queue's; functions say more. */
#ifndef FW_RPC_CALL_H
#define FW_RPC_CALL_H

#include <pthread.h>

#include <grpc/grpc.h>

#include "sdk/base/bytes.h"
#include "sdk/wire/grpc_glue.h"
#include "server/engine/jobs.h"
#include "server/rpc/access.h"
#include "server/rpc/turns.h"

struct fw_server;
struct fw_call;
struct fw_lane;
struct fw_pipe;

/* What a queue hands back.  `handed` is released before a tag goes to gRPC and
 * acquired when it comes back: what one thread wrote, the next one sees,
 * whether or not gRPC's own locks order them. */
struct fw_tag {
    void (*done)(struct fw_tag *tag, bool ok); /* CQ thread */
    uint32_t handed;                           /* atomic */
    bool ok;             /* used while it waits for its turn */
    struct fw_turn turn; /* whose it is: set before it goes to gRPC */
};

static inline void fw_tag_hand(struct fw_tag *tag)
{
    __atomic_store_n(&tag->handed, 1, __ATOMIC_RELEASE);
}

/* What a method does; a table of constants. */
struct fw_method {
    const char *path;   /* "/flywheel.v1.JobService/CreateJob" */
    bool bulk;          /* served by the bulk queue */
    unsigned roles;     /* bits of fw_role: who may call it; 0: nobody */
    size_t state_bytes; /* of zeroed memory behind the call, for the method */
    /* The call has arrived: start reading, or writing. */
    void (*start)(struct fw_call *call);
    /* A message has arrived; NULL: the client is done, or gone.  Lent. */
    void (*on_read)(struct fw_call *call, struct fw_message *message);
    /* The call's lock is held: the next message to write, or NULL to rest. */
    grpc_byte_buffer *(*next)(struct fw_call *call);
    /* The last reference is gone: let go of what the state holds. */
    void (*close)(struct fw_call *call);
    /* A write waits for the client, or fw_call_due; every quarter of a second.
     * NULL: that is never said.  The loop's thread. */
    void (*look)(struct fw_call *call, int64_t now_ms);
};

struct fw_call {
    /* what is looked at in passing by all calls lies together */
    struct fw_list link; /* used by the server: calls that live */
    int64_t stuck_ms;    /* atomic: since when a write waits for the client; 0:
                            none does */
    int64_t look_ms;     /* atomic: when method->look is called; 0: it is not */
    uint32_t refs;       /* atomic */

    struct fw_server *server;       /* outlives the call */
    const struct fw_method *method; /* NULL: the path is not known */
    void *registered;               /* gRPC's handle of the method */
    grpc_call *call;                /* owned once it has arrived */
    struct fw_lane *lane;           /* owned; what there is instead of `call` */
    grpc_metadata_array metadata;   /* owned */
    grpc_call_details details;      /* owned; of unknown methods */
    gpr_timespec deadline;
    struct fw_principal principal; /* who calls; set when it arrives */
    struct fw_guest *guest;        /* its connection; a reference, or NULL */
    bool streams; /* bulk, and a message has come; reading baton */
    bool let_in;  /* the caller may call this */
    bool heard;   /* its first message has come */
    struct fw_tag arrived;
    struct fw_tag received;
    struct fw_tag sent;
    struct fw_tag closed;       /* RECV_CLOSE_ON_SERVER */
    grpc_byte_buffer *incoming; /* of the read in flight */
    int cancelled;              /* written by gRPC before `closed` */
    void *state;                /* the method's; behind this struct */

    pthread_mutex_t lock; /* guards what follows */
    bool headed;          /* initial metadata went out */
    bool sending;         /* a write is in flight */
    bool ending;          /* status is wanted */
    bool ended;           /* status went out; write nothing more */
    bool gone;            /* the client is; write nothing more */
    fw_status end_status;
    struct fw_err end_error;
    uint32_t end_retry_ms; /* set before the end; 0: as usual with its reason */
};

/* Wait for the next call of a method (NULL: of any unknown path).  False if
 * the server is going down or memory is out. */
bool fw_call_arm(struct fw_server *server, const struct fw_method *method,
                 void *registered);

/* A call that does not come by gRPC but by a connection (lane.h): its method's
 * `start` was not called yet.  Takes the pipe, also on failure, which is
 * NULL. */
struct fw_call *fw_call_of_lane(struct fw_server *server,
                                const struct fw_method *method,
                                struct fw_pipe *take);

struct fw_call *fw_call_ref(struct fw_call *c);

/* Of one that is perhaps being freed: false, if so. */
FW_MUST_USE bool fw_call_try_ref(struct fw_call *c);
void fw_call_unref(struct fw_call *c);

/* Start the next read.  Reading baton. */
void fw_call_read(struct fw_call *c);

/* What a lane may do with long messages.
 *
 * A message of `total` bytes has begun with `seen`: where do the bytes from
 * *skip on belong?  NULL: hand it to on_read as a whole. */
typedef void *fw_land_fn(struct fw_call *call, const struct fw_span *seen,
                         size_t total, size_t *skip);
/* n more bytes are there, which the cache still has; `whole`: the message is
 * complete, which takes the place of on_read. */
typedef void fw_landed_fn(struct fw_call *call, size_t n, bool whole);

/* By `start`: use these, if the call is on a lane. */
void fw_call_landing(struct fw_call *c, fw_land_fn *land, fw_landed_fn *landed);

/* Write what method->next offers, unless a write is in flight: then it is
 * asked again after that.  Any thread. */
void fw_call_pump(struct fw_call *c);

/* End the call after the write in flight: FW_OK, or `s` with `err` (copied)
 * and its reason.  The first one counts.  Any thread. */
void fw_call_finish(struct fw_call *c, fw_status s, const struct fw_err *err);

/* A reference to the job `name`, if the caller may see it: JOB_NOT_FOUND,
 * PERMISSION_DENIED. */
FW_MUST_USE fw_status fw_call_job(struct fw_call *c, const char *name,
                                  struct fw_job_thread **out,
                                  struct fw_err *err);

/* End it at once and tell the client as little as can be: `s`, and why (a
 * constant).  Any thread, also one that holds the call's lock. */
void fw_call_cancel(struct fw_call *c, fw_status s, const char *why);

/* Have method->look called then; 0: not any more, FW_CALL_LOOK_NOW: soon.  Any
 * thread. */
void fw_call_look_at(struct fw_call *c, int64_t ms);
#define FW_CALL_LOOK_NOW 1

/* Has that time come? */
static inline bool fw_call_due(const struct fw_call *c, int64_t now_ms)
{
    int64_t at_ms = __atomic_load_n(&c->look_ms, __ATOMIC_RELAXED);

    return at_ms && at_ms <= now_ms;
}

/* A write begins to wait for the client, or waits no more. */
void fw_call_stuck(struct fw_call *c, bool is);

/* Nobody will read the rest: the client has gone or the call has ended. */
bool fw_call_over(struct fw_call *c);

#endif
