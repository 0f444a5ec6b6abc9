#include "server/job/kernels.h"

#define LANES   16u   /* partial sums of the norm; one AVX-512 register */
#define STRETCH 8192u /* elements between foldings of the float sums */

/* One element; returns the update. */
static inline float step_one(const struct fw_step *s, float w, float *u,
                             float g)
{
    float g1 = s->scale * g + s->l2 * w;
    float u1 = s->mu * *u + g1;
    float d = s->nesterov ? g1 + s->mu * u1 : u1;

    *u = u1;
    return -s->alpha * (s->decay * w + d);
}

/* Inlined into a function a target, where the compiler vectorises it. */
static inline __attribute__((always_inline)) double step_all(
    const struct fw_step *in, const float *w, float *u, const float *g,
    float *out, size_t n)
{
    const struct fw_step s = *in; /* so that stores cannot change it */
    double total = 0.0;

    for (size_t from = 0; from < n; from += STRETCH) {
        size_t end = from + STRETCH < n ? from + STRETCH : n;
        float sums[LANES] = {0};
        size_t i = from;

        for (; i + LANES <= end; i += LANES) {
            for (unsigned k = 0; k < LANES; k++) {
                float v = step_one(&s, w[i + k], &u[i + k], g[i + k]);

                sums[k] += v * v;
                out[i + k] = w[i + k] + v;
            }
        }
        for (; i < end; i++) {
            float v = step_one(&s, w[i], &u[i], g[i]);

            sums[0] += v * v;
            out[i] = w[i] + v;
        }
        for (unsigned k = 0; k < LANES; k++)
            total += (double)sums[k];
    }
    return total;
}

#if defined(__x86_64__)
__attribute__((target("avx512f,prefer-vector-width=512"))) static double
step_avx512(const struct fw_step *s, const float *w, float *u, const float *g,
            float *out, size_t n)
{
    return step_all(s, w, u, g, out, n);
}

__attribute__((target("avx2,fma"))) static double step_avx2(
    const struct fw_step *s, const float *w, float *u, const float *g,
    float *out, size_t n)
{
    return step_all(s, w, u, g, out, n);
}
#endif

static double step_portable(const struct fw_step *s, const float *w, float *u,
                            const float *g, float *out, size_t n)
{
    return step_all(s, w, u, g, out, n);
}

fw_kernel_fn *fw_kernel_at(unsigned i, const char **name)
{
    static const char *const names[FW_KERNELS] = {"avx512", "avx2", "portable"};

    *name = names[i];
#if defined(__x86_64__)
    if (i == 0 && __builtin_cpu_supports("avx512f"))
        return step_avx512;
    if (i == 1 && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma"))
        return step_avx2;
#endif
    return i == FW_KERNELS - 1 ? step_portable : NULL;
}

static fw_kernel_fn *choose(const char **name)
{
    fw_kernel_fn *step = NULL;

    for (unsigned i = 0; !step; i++)
        step = fw_kernel_at(i, name);
    return step;
}

double fw_kernel_step(const struct fw_step *s, const float *w, float *u,
                      const float *g, float *out, size_t n)
{
    const char *name;

    return choose(&name)(s, w, u, g, out, n);
}

const char *fw_kernel_name(void)
{
    const char *name;

    (void)choose(&name);
    return name;
}
