/* job_rpc.h - JobService.
 *
 * Layer: server/rpc.  Thread: completion queue's. */
#ifndef FW_RPC_JOB_RPC_H
#define FW_RPC_JOB_RPC_H

#include "server/rpc/unary.h"

void fw_create_job(struct fw_call *c, struct fw_message *m);
void fw_get_job(struct fw_call *c, struct fw_message *m);
void fw_list_jobs(struct fw_call *c, struct fw_message *m);
void fw_delete_job(struct fw_call *c, struct fw_message *m);
void fw_set_controller(struct fw_call *c, struct fw_message *m);

/* The state of SetController. */
struct fw_set_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call;         /* whose state this is */
    struct fw_set_controller set; /* the request */
    struct fw_sentence sentence;  /* the answer, if `status` is FW_OK */
    fw_status status;             /* what the job said */
    struct fw_err err;            /* and why */
};

struct fw_release_call {
    struct fw_unary unary;   /* first */
    struct fw_letter letter; /* to the job */
    struct fw_call *call;    /* ref while the letter is on its way */
    struct fw_release request;
    fw_status status; /* of the letter */
    struct fw_err err;
};

void fw_release_worker(struct fw_call *c, struct fw_message *m);

#endif
