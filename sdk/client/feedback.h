/* feedback.h - what top-k leaves out is not lost but sent later.
 *
 *     fw_feedback_add(f, gradient, &err);      rest += gradient; choose
 *     ... send what f->cut has of f->rest ...
 *     fw_feedback_settle(f, gradient, sent);   rest -= what was sent
 *
 * The rest belongs to the worker: every element arrives in the end, the small
 * ones late (error feedback).  A gradient that the server refused is taken out
 * again, as if it had never been there, up to a rounding error.
 *
 * Layer: sdk/client.  Thread: its owner's.  Zero-initialise; close is safe
 * twice and on zero. */
#ifndef FW_CLIENT_FEEDBACK_H
#define FW_CLIENT_FEEDBACK_H

#include "sdk/wire/topk.h"

struct fw_feedback {
    float *rest;            /* owned; NULL: closed */
    uint64_t *counts;       /* owned; for fw_topk_choose */
    uint64_t n;             /* elements of `rest` */
    uint64_t k;             /* elements that are sent */
    struct fw_topk_cut cut; /* which ones, since add */
};

/* `share` of n elements, at least one, is sent.  FW_NOMEM leaves it closed. */
FW_MUST_USE fw_status fw_feedback_open(struct fw_feedback *f, uint64_t n,
                                       double share, struct fw_err *err);
void fw_feedback_close(struct fw_feedback *f);

/* FW_INVALID (NON_FINITE): the gradient has a NaN or an infinity, or the sum
 * would; nothing has changed. */
FW_MUST_USE fw_status fw_feedback_add(struct fw_feedback *f,
                                      const float *gradient,
                                      struct fw_err *err);

/* After add: what was chosen has been sent and applied, or not. */
void fw_feedback_settle(struct fw_feedback *f, const float *gradient,
                        bool applied);

#endif
