/* prober.h - when to ask a worker for a curvature probe.
 *
 * A probe costs its worker another gradient.  The first few workers of a
 * cluster are asked at once, then one is asked after 8, 16, 32 ... updates, and
 * in the end after every `interval` of them: about 1 % of all gradients.  With
 * fewer than two workers no law looks at curvature, and nobody is asked.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_PROBER_H
#define FW_MOMENTUM_PROBER_H

#include <stdbool.h>
#include <stdint.h>

struct fw_prober {
    uint32_t interval; /* updates between probes; 0: never; set at init */
    uint32_t gap;      /* updates until the next but one */
    uint64_t next;     /* version from which on the next one is due */
    uint32_t at_once;  /* of the next questions that do not wait */
    uint64_t asked;    /* ever: the cost, in gradients */
    uint64_t answered; /* ever, with a usable curvature */
};

void fw_prober_init(struct fw_prober *p, uint32_t interval);

/* Membership changed, and so will the step: look at the curvature soon. */
void fw_prober_hurry(struct fw_prober *p, uint64_t version);

/* A worker is about to be answered at `version`: should it probe its next
 * gradient? */
bool fw_prober_ask(struct fw_prober *p, uint32_t workers, uint64_t version);

/* A usable answer came. */
void fw_prober_answer(struct fw_prober *p);

/* Nothing is known yet, but will be soon: the first questions are out, or will
 * be, and not so many that the workers seem unable to answer. */
bool fw_prober_awaits(const struct fw_prober *p, uint32_t workers);

#endif
