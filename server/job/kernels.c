#include "server/job/kernels.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES   16u   /* partial sums of the norm; one AVX-512 register */
#define STRETCH 8192u /* elements between foldings of the float sums */

/* One element; returns the update. */
static inline float step_one(const struct fw_step *s, float w, float u, float g,
                             float *u_out)
{
    float g1 = s->scale * g + s->l2 * w;
    float u1 = s->mu * u + g1;
    float d = s->nesterov ? g1 + s->mu * u1 : u1;

    *u_out = u1;
    return -s->alpha * (s->decay * w + d);
}

/* How a row of u' is written. */
typedef void put_fn(float *to, const float from[LANES]);

static inline void put(float *to, const float from[LANES])
{
    memcpy(to, from, LANES * sizeof(*to));
}

/* Inlined into a function a target, where the compiler vectorises it: all of a
 * row is read before any of it is written, so that arrays may be the same. */
static inline __attribute__((always_inline)) double step_all(
    const struct fw_step *in, const float *w, const float *u, const float *g,
    float *w_out, float *u_out, size_t n, put_fn *put_u)
{
    const struct fw_step s = *in; /* so that stores cannot change it */
    double total = 0.0;

    for (size_t from = 0; from < n; from += STRETCH) {
        size_t end = from + STRETCH < n ? from + STRETCH : n;
        float sums[LANES] = {0};
        size_t i = from;

        for (; i + LANES <= end; i += LANES) {
            float w1[LANES];
            float u1[LANES];

            for (unsigned k = 0; k < LANES; k++) {
                float v = step_one(&s, w[i + k], u[i + k], g[i + k], &u1[k]);

                sums[k] += v * v;
                w1[k] = w[i + k] + v;
            }
            put(w_out + i, w1);
            put_u(u_out + i, u1);
        }
        for (; i < end; i++) {
            float v = step_one(&s, w[i], u[i], g[i], &u_out[i]);

            sums[0] += v * v;
            w_out[i] = w[i] + v;
        }
        for (unsigned k = 0; k < LANES; k++)
            total += (double)sums[k];
    }
    return total;
}

#if defined(__x86_64__)
#if defined(__clang__)
#define AVX512 __attribute__((target("avx512f")))
#else
#define AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
#endif
#define AVX2 __attribute__((target("avx2,fma")))

/* A second u is read by the next step only: past the cache it goes to memory
 * without being read first.  (Intel's optimization manual, "Nontemporal
 * stores".) */
AVX512 static inline void put_past_avx512(float *to, const float from[LANES])
{
    _mm512_stream_ps(to, _mm512_loadu_ps(from));
}

AVX2 static inline void put_past_avx2(float *to, const float from[LANES])
{
    _mm256_stream_ps(to, _mm256_loadu_ps(from));
    _mm256_stream_ps(to + LANES / 2, _mm256_loadu_ps(from + LANES / 2));
}

static bool goes_past(const float *u, const float *u_out)
{
    return u != u_out && (uintptr_t)u_out % (LANES * sizeof(*u_out)) == 0;
}

AVX512 static double step_avx512(const struct fw_step *s, const float *w,
                                 const float *u, const float *g, float *w_out,
                                 float *u_out, size_t n)
{
    double norm;

    if (!goes_past(u, u_out))
        return step_all(s, w, u, g, w_out, u_out, n, put);
    norm = step_all(s, w, u, g, w_out, u_out, n, put_past_avx512);
    _mm_sfence();
    return norm;
}

AVX2 static double step_avx2(const struct fw_step *s, const float *w,
                             const float *u, const float *g, float *w_out,
                             float *u_out, size_t n)
{
    double norm;

    if (!goes_past(u, u_out))
        return step_all(s, w, u, g, w_out, u_out, n, put);
    norm = step_all(s, w, u, g, w_out, u_out, n, put_past_avx2);
    _mm_sfence();
    return norm;
}
#endif

static double step_portable(const struct fw_step *s, const float *w,
                            const float *u, const float *g, float *w_out,
                            float *u_out, size_t n)
{
    return step_all(s, w, u, g, w_out, u_out, n, put);
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

double fw_kernel_step(const struct fw_step *s, const float *w, const float *u,
                      const float *g, float *w_out, float *u_out, size_t n)
{
    const char *name;

    return choose(&name)(s, w, u, g, w_out, u_out, n);
}

const char *fw_kernel_name(void)
{
    const char *name;

    (void)choose(&name);
    return name;
}
