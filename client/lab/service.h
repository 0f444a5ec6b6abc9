/* service.h - how long a worker takes for a gradient, as a distribution.
 *
 *     exponential      memoryless, as the paper assumes
 *     gamma:K          of shape K: K steps, each memoryless
 *     constant         equal machines
 *     lognormal:CV     with coefficient of variation CV: heavy tail
 *     trace:FILE       no distribution but the staleness itself, one number a
 *                      line, as `flywheel workers --export-trace` writes it
 *
 * All have mean 1; a worker's slowness multiplies it.
 *
 * Layer: client/lab.  Thread: any for reading.  Zero is exponential. */
#ifndef FW_LAB_SERVICE_H
#define FW_LAB_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "sdk/base/random.h"
#include "sdk/base/status.h"

#define FW_SERVICE_RULE                                                        \
    "exponential, gamma:K, constant, lognormal:CV or trace:FILE"

enum fw_service_kind {
    FW_SERVICE_EXPONENTIAL,
    FW_SERVICE_GAMMA,
    FW_SERVICE_CONSTANT,
    FW_SERVICE_LOGNORMAL,
    FW_SERVICE_TRACE,
};

struct fw_service {
    enum fw_service_kind kind;
    double parameter; /* K or CV; else 0 */
    uint32_t *taus;   /* owned; of a trace, oldest first; else NULL */
    size_t n_taus;    /* at least 1 for a trace */
};

/* FW_INVALID names the rule; FW_NOT_FOUND, FW_IO and FW_CORRUPT the file and
 * line; FW_NOMEM.  On failure *s is closed. */
FW_MUST_USE fw_status fw_service_parse(const char *spec, struct fw_service *s,
                                       struct fw_err *err);
void fw_service_close(struct fw_service *s);

/* A service time above 0, with mean 1 (1 for a trace). */
double fw_service_draw(const struct fw_service *s, struct fw_random *random);

#endif
