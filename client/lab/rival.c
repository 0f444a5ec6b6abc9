#include "client/lab/rival.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

#define DC_LAMBDA   0.04 /* Zheng et al. 2017, section 6 */
#define FEDBUFF_A   0.5  /* Nguyen et al. 2022, section 5 */
#define STEP_WEIGHT 0.05 /* of a new step in C: about the last 20 count */

enum fw_rival_kind fw_rival_find(const char *text, size_t n)
{
    static const char *const names[] = {"",
#define RIVAL_NAME(code, name) name,
                                        FW_RIVAL_MAP(RIVAL_NAME)
#undef RIVAL_NAME
    };

    for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], text, n) == 0)
            return (enum fw_rival_kind)i;
    }
    return FW_RIVAL_NONE;
}

bool fw_rival_has_momentum(enum fw_rival_kind kind)
{
    return kind == FW_RIVAL_DANA || kind == FW_RIVAL_DELAYED_NESTEROV;
}

fw_status fw_rival_init(struct fw_rival *r)
{
    size_t copies = r->kind == FW_RIVAL_DANA ? r->workers : 1;

    r->velocity = NULL;
    r->sum = NULL;
    r->updates = 0;
    r->step = 0.0;
    if (!fw_rival_has_momentum(r->kind))
        return FW_OK;
    r->velocity = fw_mem_array(copies * r->n, sizeof(float));
    r->sum = fw_mem_array(r->n, sizeof(float));
    if (r->velocity && r->sum)
        return FW_OK;
    fw_rival_close(r);
    return FW_NOMEM;
}

void fw_rival_close(struct fw_rival *r)
{
    free(r->velocity);
    free(r->sum);
    r->velocity = NULL;
    r->sum = NULL;
}

static void scale(float *g, uint64_t n, double factor)
{
    for (uint64_t i = 0; i < n; i++)
        g[i] = (float)(g[i] * factor);
}

static void gap_aware(const struct fw_rival *r, const struct fw_rival_push *p,
                      float *g)
{
    if (r->step <= 0.0)
        return;
    for (uint64_t i = 0; i < r->n; i++)
        g[i] = (float)(g[i] /
                       (1.0 + fabs((double)p->w[i] - p->w_read[i]) / r->step));
}

static void dc_asgd(const struct fw_rival *r, const struct fw_rival_push *p,
                    float *g)
{
    for (uint64_t i = 0; i < r->n; i++)
        g[i] += (float)(DC_LAMBDA * g[i] * g[i] * (p->w[i] - p->w_read[i]));
}

/* v_i <- mu v_i + g; the step is v_i. */
static void dana(struct fw_rival *r, const struct fw_rival_push *p, float *g)
{
    float *v = r->velocity + (uint64_t)p->worker * r->n;

    for (uint64_t i = 0; i < r->n; i++) {
        float old = v[i];

        v[i] = (float)(r->momentum * old + g[i]);
        r->sum[i] += v[i] - old;
        g[i] = v[i];
    }
}

/* Each push steps by g/M; each M-th adds mu m, where m then takes in the mean
 * of the M gradients (Liu et al. 2024, algorithm 3, c = 0). */
static void delayed_nesterov(struct fw_rival *r, float *g)
{
    bool full = (r->updates + 1) % r->workers == 0;

    for (uint64_t i = 0; i < r->n; i++) {
        float m = r->velocity[i];

        r->sum[i] += g[i];
        g[i] /= (float)r->workers;
        if (full) {
            m = (float)(r->momentum * m + r->sum[i] / r->workers);
            r->velocity[i] = m;
            r->sum[i] = 0.0f;
            g[i] += (float)(r->momentum * m);
        }
    }
}

void fw_rival_push(struct fw_rival *r, const struct fw_rival_push *p, float *g)
{
    double tau = (double)p->staleness;

    switch (r->kind) {
    case FW_RIVAL_NONE:
        break;
    case FW_RIVAL_STALENESS_AWARE:
        scale(g, r->n, 1.0 / fmax(1.0, tau));
        break;
    case FW_RIVAL_MISHCHENKO:
        scale(g, r->n, r->workers / fmax(r->workers, tau));
        break;
    case FW_RIVAL_GAP_AWARE:
        gap_aware(r, p, g);
        break;
    case FW_RIVAL_DC_ASGD:
        dc_asgd(r, p, g);
        break;
    case FW_RIVAL_DANA:
        dana(r, p, g);
        break;
    case FW_RIVAL_DELAYED_NESTEROV:
        delayed_nesterov(r, g);
        break;
    case FW_RIVAL_FEDBUFF:
        scale(g, r->n, pow(1.0 + tau, -FEDBUFF_A));
        break;
    }
    r->updates++;
}

bool fw_rival_read(const struct fw_rival *r, const float *w, float *out)
{
    if (r->kind != FW_RIVAL_DANA)
        return false;
    for (uint64_t i = 0; i < r->n; i++)
        out[i] = (float)(w[i] - r->rate * r->momentum * r->sum[i]);
    return true;
}

void fw_rival_stepped(struct fw_rival *r, double norm)
{
    double size = norm / sqrt((double)r->n);

    if (!isfinite(size))
        return;
    r->step += (r->step > 0.0 ? STEP_WEIGHT : 1.0) * (size - r->step);
}
