/* unary.h - methods with one request and one answer.
 *
 * A handler gets the request's bytes and either answers at once, or posts a
 * letter to a job and answers from there.
 *
 * Layer: server/rpc.  Thread: handlers run on a completion-queue thread;
 * answers may be given on any thread. */
#ifndef FW_RPC_UNARY_H
#define FW_RPC_UNARY_H

#include "server/engine/jobs.h"
#include "server/rpc/call.h"

/* The state of a unary call; methods with more put this first. */
struct fw_unary {
    grpc_byte_buffer *answer; /* owned; waits to be written */
    bool read;                /* the request has arrived */
    char id[FW_NAME_MAX + 1]; /* of the request; empty: none */
};

/* For the tables: begin, read, write and close of every unary method. */
void fw_unary_start(struct fw_call *c);
grpc_byte_buffer *fw_unary_next(struct fw_call *c);
void fw_unary_close(struct fw_call *c);

/* The request as one piece of memory, or the call is ended and false returned
 * (also when there is no request).  Lent by `scratch` and `m`. */
bool fw_unary_take(struct fw_call *c, struct fw_message *m,
                   struct fw_bytes *scratch, struct fw_span *flat);

/* True if a request with this id was answered before and is answered so again;
 * else the answer to come is kept under the id, which may be empty. */
bool fw_unary_again(struct fw_call *c, const char *id);

/* Answer with `s` and, if that is FW_OK, the encoded bytes; closes `bytes`. */
void fw_unary_answer(struct fw_call *c, fw_status s, struct fw_bytes *bytes,
                     const struct fw_err *err);

/* The request was read with `s`: if that is FW_OK, post a letter, which holds a
 * reference to the call, to its job.  Else, or if there is no such job, or none
 * that the caller may see or that has room, end the call with the reason. */
void fw_unary_ask(struct fw_call *c, fw_status s, const char *job,
                  struct fw_letter *letter, struct fw_err *err);

/* End a call whose letter was dropped; gives the reference back. */
void fw_unary_dropped(struct fw_call *c);

#endif
