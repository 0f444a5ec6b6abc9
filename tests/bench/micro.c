/* What the parts of a round cost by themselves:
 *
 *     micro [ELEMENTS]
 *
 * Kernels against memcpy, a triad and bare traffic on the same memory, the
 * controller's thoughts, the stability twin.  Prints a Markdown table; each
 * line is the fastest of a few runs, because what disturbs only ever makes it
 * slower. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/tensor.h"
#include "server/job/kernels.h"
#include "server/momentum/controller.h"
#include "server/momentum/twin.h"
#include "tests/bench/worker.h"

#define RUNS      15
#define ELEMENTS  25000000u
#define BLOCK     FW_CHUNK_ELEMENTS
#define UPDATES   100000u
#define DECISIONS 1000u
#define TWIN_MU   8u
#define MEGA      1e6
#define GIGA      1e9
#define OBSERVING 1e9 /* nanoseconds in a second */

/* So that the compiler need not find out how to be quick. */
#define WIDE 16
typedef float wide __attribute__((vector_size(WIDE * sizeof(float))));

struct arrays {
    float *w, *u, *g, *out; /* owned */
    size_t n;
    double sink; /* so that nothing is optimised away */
};

static bool open_arrays(struct arrays *a, size_t n)
{
    float **all[] = {&a->w, &a->u, &a->g, &a->out};

    a->n = n;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *all[i] = fw_mem_aligned(n, sizeof(float));
        if (!*all[i])
            return false;
        fw_mem_huge(*all[i], n * sizeof(float));
        for (size_t k = 0; k < n; k++)
            (*all[i])[k] = 1e-3f * (float)(i + 1);
    }
    return true;
}

static void copy(struct arrays *a)
{
    memcpy(a->out, a->w, a->n * sizeof(float));
}

static void triad(struct arrays *a)
{
    const wide *w = (const wide *)a->w;
    const wide *g = (const wide *)a->g;
    wide *out = (wide *)a->out;

    for (size_t i = 0; i < a->n / WIDE; i++)
        out[i] = w[i] + 0.5f * g[i];
}

/* What a step moves, with next to no arithmetic: its limit.  It leaves u and g
 * as they are. */
static void traffic(struct arrays *a)
{
    const wide *w = (const wide *)a->w;
    wide *u = (wide *)a->u;
    wide *g = (wide *)a->g;

    for (size_t i = 0; i < a->n / WIDE; i++) {
        wide was = g[i];

        g[i] = was + 0.0f * w[i];
        u[i] = u[i] + 0.0f * was;
    }
}

static void step_with(struct arrays *a, fw_kernel_fn *step)
{
    struct fw_step s = {.alpha = 1e-6f, .mu = 0.9f, .scale = 1.0f};

    for (size_t i = 0; i < a->n; i += BLOCK) {
        size_t n = a->n - i < BLOCK ? a->n - i : BLOCK;

        a->sink +=
            step(&s, a->w + i, a->u + i, a->g + i, a->g + i, a->u + i, n);
    }
}

static void step(struct arrays *a)
{
    step_with(a, fw_kernel_step);
}

static void check(struct arrays *a)
{
    struct fw_gather_check c = {0};

    fw_tensor_check(a->g, a->n, &c);
    a->sink += c.square_norm;
}

static void gather(struct arrays *a)
{
    struct fw_span span = {(const uint8_t *)a->w, a->n * sizeof(float)};
    struct fw_run run = {&span, 1, 0, span.n};
    struct fw_gather_check c = {0};
    size_t n;

    if (fw_tensor_gather(FW_DTYPE_F32, &run, a->out, a->n, &n, &c, NULL) ==
        FW_OK)
        a->sink += c.square_norm;
}

/* Seconds of one run, if it was faster than `best`. */
static double faster(double best, void (*what)(struct arrays *a),
                     struct arrays *a)
{
    double from = bench_now();
    double s;

    what(a);
    s = bench_now() - from;
    return s < best ? s : best;
}

static void tell_kernels(struct arrays *a)
{
    static const struct {
        const char *name;
        void (*run)(struct arrays *a);
        int streams; /* arrays that are read or written */
    } all[] = {{"memcpy", copy, 2},
               {"triad", triad, 3},
               {"gather and check (copies)", gather, 2},
               {"check in place", check, 1},
               {"what a step moves, and no more", traffic, 5},
               {"step (momentum, norm of the update)", step, 5}};

    enum { N = sizeof(all) / sizeof(all[0]) };
    double best[N];

    for (int i = 0; i < N; i++)
        best[i] = 1e30;
    for (int run = 0; run < RUNS; run++) { /* a noisy moment hurts all */
        for (int i = 0; i < N; i++)
            best[i] = faster(best[i], all[i].run, a);
    }
    printf("| what, %.0f MB | ms | GB/s of traffic |\n|---|---|---|\n",
           (double)a->n * sizeof(float) / MEGA);
    for (int i = 0; i < N; i++)
        printf("| %s | %.1f | %.1f |\n", all[i].name, 1e3 * best[i],
               all[i].streams * (double)a->n * sizeof(float) / best[i] / GIGA);
    printf("\nthe step reaches %.2f of what the memory allows it\n",
           best[N - 2] / best[N - 1]);
}

/* One gradient's share of thinking, and one decision when a worker comes. */
static bool tell_controller(void)
{
    struct fw_controller_config config = {.law = FW_LAW_MARGIN,
                                          .reference_momentum = 0.9,
                                          .reference_rate = 0.01,
                                          .n_elements = 1000};
    struct fw_controller *c = fw_mem_array(1, sizeof(*c));
    double from;
    double each;

    if (!c || fw_controller_init(c, &config, 0) != FW_OK) {
        free(c);
        return false;
    }
    fw_controller_members(c, 4, FW_MEMBER_JOINED, "w", 0, 0);
    from = bench_now();
    for (uint64_t v = 1; v <= UPDATES; v++) {
        struct fw_observation o = {
            .version = v, .staleness = v % 7, .worker = v % 4, .loss = 1.0};

        fw_controller_observe(c, &o, (int64_t)v);
    }
    each = (bench_now() - from) / UPDATES;
    printf("| the controller, a gradient | %.0f ns |\n", OBSERVING * each);
    from = bench_now();
    for (uint32_t i = 0; i < DECISIONS; i++)
        fw_controller_members(c, 4 + i % 2, FW_MEMBER_JOINED, "w", UPDATES,
                              UPDATES + i);
    each = (bench_now() - from) / DECISIONS;
    printf("| a decision, when a worker comes or goes | %.0f ns |\n",
           OBSERVING * each);
    fw_controller_close(c);
    free(c);
    return true;
}

static bool tell_twin(void)
{
    struct fw_twin_input *in = fw_mem_array(1, sizeof(*in));
    struct fw_twin_result out;
    double from;

    if (!in)
        return false;
    in->workers = 8;
    in->n_trace = FW_TWIN_TRACE;
    in->n_momenta = TWIN_MU;
    for (uint32_t i = 0; i < FW_TWIN_TRACE; i++)
        in->trace[i] = 5 + i * 2654435761u % 5;
    for (uint32_t i = 0; i < TWIN_MU; i++)
        in->momenta[i] = 0.1 * i;
    from = bench_now();
    fw_twin_run(in, &out);
    printf("| a run of the twin, 8 workers, %u momenta (off the job's thread) "
           "| %.1f ms |\n",
           TWIN_MU, 1e3 * (bench_now() - from));
    free(in);
    return out.ok;
}

int main(int argc, char **argv)
{
    struct arrays a = {0};
    bool ok =
        open_arrays(&a, argc > 1 ? strtoull(argv[1], NULL, 10) : ELEMENTS);

    if (ok) {
        printf("step kernel: %s\n\n", fw_kernel_name());
        tell_kernels(&a);
        printf("\n| thought | time |\n|---|---|\n");
        ok = tell_controller() && tell_twin();
    }
    free(a.w);
    free(a.u);
    free(a.g);
    free(a.out);
    return ok && a.sink != 0.0 ? 0 : 1;
}
