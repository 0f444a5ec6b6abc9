/* rival.h - what others do about staleness, as arms to compare with.
 *
 *   staleness_aware   g/max(1, tau)                      Zhang et al. 2015
 *   mishchenko        g M/max(M, tau)                    Mishchenko et al. 2022
 *   gap_aware         g/(1 + |w - w_read|/C) by          Barkai et al. 2019
 *                     coordinate, C the mean size of a step
 *   dc_asgd           g + lambda g^2 (w - w_read)        Zheng et al. 2017
 *   dana              a momentum buffer a worker, and    Hakimi et al. 2019
 *                     parameters are sent ahead by all of them
 *   delayed_nesterov  the momentum buffer takes in the   Liu et al. 2024
 *                     mean of M gradients at a time
 *   fedbuff           (1 + tau)^-1/2, mean of K          Nguyen et al. 2022
 *
 * They run with the reference momentum and rate.  Scaling the gradient stands
 * for scaling the rate; those with a momentum of their own push their whole
 * step, to a job without momentum.
 *
 * Layer: client/lab.  Thread: its owner's.  Zero is valid: no rival. */
#ifndef FW_LAB_RIVAL_H
#define FW_LAB_RIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

#define FW_RIVAL_MAP(X)                                                        \
    X(STALENESS_AWARE, "staleness_aware")                                      \
    X(MISHCHENKO, "mishchenko")                                                \
    X(GAP_AWARE, "gap_aware")                                                  \
    X(DC_ASGD, "dc_asgd")                                                      \
    X(DANA, "dana")                                                            \
    X(DELAYED_NESTEROV, "delayed_nesterov")                                    \
    X(FEDBUFF, "fedbuff")

#define FW_RIVAL_NAMES                                                         \
    "staleness_aware, mishchenko, gap_aware, dc_asgd, dana, "                  \
    "delayed_nesterov, fedbuff:K"

enum fw_rival_kind {
    FW_RIVAL_NONE = 0,
#define FW_RIVAL_ENUM(code, text) FW_RIVAL_##code,
    FW_RIVAL_MAP(FW_RIVAL_ENUM)
#undef FW_RIVAL_ENUM
};

/* By the first n characters of `text`; FW_RIVAL_NONE if there is none. */
enum fw_rival_kind fw_rival_find(const char *text, size_t n);

/* Whether it keeps momentum itself, so that the job must not. */
bool fw_rival_has_momentum(enum fw_rival_kind kind);

struct fw_rival {
    enum fw_rival_kind kind;
    uint64_t n;       /* elements */
    uint32_t workers; /* M */
    double momentum;  /* the reference's */
    double rate;      /* the reference's */
    float *velocity;  /* owned; dana: of each worker; delayed_nesterov: one */
    float *sum;       /* owned; dana: of all velocities; else of gradients */
    uint64_t updates; /* so far */
    double step;      /* gap_aware: C, mean size of a step; 0: not known */
};

/* `kind`, momentum, rate, n and workers are set by the caller.  FW_NOMEM leaves
 * it closed. */
FW_MUST_USE fw_status fw_rival_init(struct fw_rival *r);
void fw_rival_close(struct fw_rival *r);

/* One gradient about to be pushed; all arrays have n elements. */
struct fw_rival_push {
    uint32_t worker;     /* from 0 */
    uint64_t staleness;  /* it will be applied with */
    const float *w;      /* lent; the parameters of now */
    const float *w_read; /* lent; those it was computed at */
};

/* Turn the gradient into what the rival pushes. */
void fw_rival_push(struct fw_rival *r, const struct fw_rival_push *p, float *g);

/* The parameters that a worker is sent, if not those of now: false, or true
 * and `out` is filled in. */
bool fw_rival_read(const struct fw_rival *r, const float *w, float *out);

/* A step of norm `norm` was made. */
void fw_rival_stepped(struct fw_rival *r, double norm);

#endif
