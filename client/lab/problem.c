#include "client/lab/problem.h"

#include <string.h>

static bool is_quadratic(const char *spec)
{
    return strncmp(spec, "quadratic:", 10) == 0;
}

bool fw_problem_wants_data(const char *spec)
{
    return !is_quadratic(spec);
}

fw_status fw_problem_open(struct fw_problem *p,
                          const struct fw_problem_plan *plan,
                          struct fw_err *err)
{
    *p = (struct fw_problem){0};
    return is_quadratic(plan->spec) ? fw_quadratic_open(p, plan, err)
                                    : fw_vision_open(p, plan, err);
}

void fw_problem_close(struct fw_problem *p)
{
    if (p->kind)
        p->kind->close(p);
    *p = (struct fw_problem){0};
}

void fw_problem_draw(struct fw_problem *p, uint64_t seed, float *w)
{
    p->kind->draw(p, seed, w);
}

void fw_problem_next(struct fw_problem *p)
{
    p->kind->next(p);
}

fw_status fw_problem_gradient(struct fw_problem *p, const float *w, float *g,
                              double *loss, struct fw_err *err)
{
    return p->kind->gradient(p, w, g, loss, err);
}

fw_status fw_problem_judge(struct fw_problem *p, const float *w, double *loss,
                           struct fw_err *err)
{
    return p->kind->judge(p, w, loss, err);
}

fw_status fw_problem_validate(struct fw_problem *p, const float *w,
                              double *loss, double *accuracy,
                              struct fw_err *err)
{
    return p->kind->validate(p, w, loss, accuracy, err);
}
