/* initialize_rpc.h - Initialize: the first parameters of a job.
 *
 * They take room in the job's pool like a gradient, under its cap.  Who finds
 * none rests until there is, or until another upload was quicker: then nothing
 * is kept of what comes, and the end says who won.
 *
 * Layer: server/rpc.  Thread: bulk queue's; the loop's for who rested, and the
 * job's for letters. */
#ifndef FW_RPC_INITIALIZE_RPC_H
#define FW_RPC_INITIALIZE_RPC_H

#include "server/engine/jobs.h"
#include "server/rpc/call.h"
#include "server/rpc/pauses.h"
#include "server/rpc/unary.h"

struct fw_initialize_call {
    struct fw_unary unary;     /* first: there is one answer */
    struct fw_call *call;      /* whose state this is */
    struct fw_job_thread *job; /* ref */
    struct fw_gather *gather;  /* owned; NULL: no room yet, or none needed */
    bool is_late;              /* the job has parameters */
    uint64_t next;             /* of one that is late: the element to come */
    struct fw_message held;    /* owned; the first one, until there is room */
    struct fw_letter letter;
    struct fw_pause pause; /* for room, or for its job's rate */
};

void fw_initialize(struct fw_call *c, struct fw_message *m);
void fw_initialize_close(struct fw_call *c);

/* As fw_method.look: an upload that has stopped holds memory. */
void fw_initialize_look(struct fw_call *c, int64_t now_ms);

#endif
