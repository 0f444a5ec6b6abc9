/* direct_body.h - the functions of direct.h, compiled once a kind of machine.
 *
 * The file that includes it has said what a `vec` is and how many sums fit
 * into its registers:
 *
 *     POINTS        of a strip, with PARTS vectors of channels each
 *     POINTS_ALONE  of a strip, with one vector of channels each
 *     LINES         of the window whose slopes are summed together, 1 or 5
 *
 * Loops over constant counts are unrolled by the compiler; only so do the
 * arrays of sums become registers.
 *
 * Layer: client/nets.  Thread: any.  Not a header for anyone else. */
#include <string.h>

enum {
    LANES = sizeof(vec) / sizeof(fw_real),
    WINDOW = FW_DIRECT_WINDOW,
    SHORT = 4, /* points of a strip where fewer than the most are left */
};

#define INLINE static inline __attribute__((always_inline))

/* A vector where alignment is not known. */
typedef fw_real loose_vec
    __attribute__((vector_size(sizeof(vec)), aligned(4), may_alias));

INLINE vec load(const fw_real *p)
{
    return *(const loose_vec *)p;
}

INLINE void store(fw_real *p, vec v)
{
    *(loose_vec *)p = v;
}

/* Where a strip of points starts. */
struct strip {
    const fw_real *x;    /* top left of the first point's window */
    const fw_real *w;    /* packed, at the first of its channels */
    const fw_real *bias; /* at the first of its channels */
    fw_real *y;          /* the first point, at the first of its channels */
    size_t line;         /* numbers in a row of x */
    size_t step;         /* numbers from point to point in x */
    size_t channels;     /* numbers from point to point in y */
};

/* Sums of `n` points x `parts` vectors of channels; both are constants. */
INLINE void sum_strip(const struct strip *s, size_t n, size_t parts)
{
    vec sum[POINTS_ALONE][PARTS];
    const fw_real *w = s->w;
    size_t run = WINDOW * s->step;

#pragma GCC unroll 16
    for (size_t j = 0; j < n; j++) {
#pragma GCC unroll 16
        for (size_t p = 0; p < parts; p++)
            sum[j][p] = load(s->bias + p * LANES);
    }
    for (size_t v = 0; v < WINDOW; v++) {
        const fw_real *x = s->x + v * s->line;

        for (size_t q = 0; q < run; q++, x++, w += s->channels) {
            vec wide[PARTS];

#pragma GCC unroll 16
            for (size_t p = 0; p < parts; p++)
                wide[p] = load(w + p * LANES);
#pragma GCC unroll 16
            for (size_t j = 0; j < n; j++) {
#pragma GCC unroll 16
                for (size_t p = 0; p < parts; p++)
                    sum[j][p] += wide[p] * x[j * s->step];
            }
        }
    }
#pragma GCC unroll 16
    for (size_t j = 0; j < n; j++) {
#pragma GCC unroll 16
        for (size_t p = 0; p < parts; p++)
            store(s->y + j * s->channels + p * LANES, sum[j][p]);
    }
}

/* One row of the output, as many points at once as fit. */
INLINE void sum_row(struct strip s, size_t width, size_t most, size_t parts)
{
    for (size_t j = 0; j < width;) {
        size_t left = width - j;
        size_t n = 1;

        if (left >= most) {
            n = most;
            sum_strip(&s, most, parts);
        } else if (left >= SHORT) {
            n = SHORT;
            sum_strip(&s, SHORT, parts);
        } else {
            sum_strip(&s, 1, parts);
        }
        j += n;
        s.x += n * s.step;
        s.y += n * s.channels;
    }
}

static void forward(const struct fw_layer *l, const fw_real *x,
                    const fw_real *packed, const fw_real *bias, fw_real *y)
{
    struct strip s = {
        .line = l->in.width * l->in.channels,
        .step = l->in.channels,
        .channels = l->out.channels,
    };
    size_t parts;

    for (size_t k = 0; k < s.channels; k += parts * LANES) {
        parts = s.channels - k >= PARTS * LANES ? PARTS : 1;
        for (size_t i = 0; i < l->out.height; i++) {
            s.x = x + i * s.line;
            s.w = packed + k;
            s.bias = bias + k;
            s.y = y + i * l->out.width * s.channels + k;
            if (parts == 1)
                sum_row(s, l->out.width, POINTS_ALONE, 1);
            else
                sum_row(s, l->out.width, POINTS, PARTS);
        }
    }
}

/* Where the slopes of some weights come from. */
struct slopes {
    const fw_real *x;  /* top left of the first window, at one channel */
    const fw_real *dy; /* the first point, at the first of some channels */
    fw_real *w;        /* packed, for that channel of x and those of dy */
};

/* Slopes of `LINES` lines of the window, one channel of x and `parts` vectors
 * of dy's; summed over all points. */
INLINE void sum_slopes(const struct fw_layer *l, const struct slopes *s,
                       size_t parts)
{
    size_t line = l->in.width * l->in.channels;
    size_t step = l->in.channels;
    size_t channels = l->out.channels;
    vec sum[LINES * WINDOW][PARTS];

#pragma GCC unroll 32
    for (size_t t = 0; t < LINES * WINDOW; t++) {
#pragma GCC unroll 32
        for (size_t p = 0; p < parts; p++)
            sum[t][p] = load(s->w + t * step * channels + p * LANES);
    }
    for (size_t i = 0; i < l->out.height; i++) {
        const fw_real *x = s->x + i * line;
        const fw_real *dy = s->dy + i * l->out.width * channels;

        for (size_t j = 0; j < l->out.width; j++, x += step, dy += channels) {
#pragma GCC unroll 32
            for (size_t p = 0; p < parts; p++) {
                vec d = load(dy + p * LANES);

#pragma GCC unroll 32
                for (size_t t = 0; t < LINES * WINDOW; t++)
                    sum[t][p] += d * x[t / WINDOW * line + t % WINDOW * step];
            }
        }
    }
#pragma GCC unroll 32
    for (size_t t = 0; t < LINES * WINDOW; t++) {
#pragma GCC unroll 32
        for (size_t p = 0; p < parts; p++)
            store(s->w + t * step * channels + p * LANES, sum[t][p]);
    }
}

static void weights(const struct fw_layer *l, const fw_real *x,
                    const fw_real *dy, fw_real *packed)
{
    size_t step = l->in.channels;
    size_t channels = l->out.channels;
    /* A whole window of sums leaves no room for a second vector each. */
    enum { ABREAST = LINES == 1 ? PARTS : 1 };

    for (size_t v = 0; v < WINDOW; v += LINES) {
        for (size_t c = 0; c < step; c++) {
            for (size_t k = 0; k < channels; k += ABREAST * LANES) {
                struct slopes s = {
                    .x = x + v * l->in.width * step + c,
                    .dy = dy + k,
                    .w = packed + (v * WINDOW * step + c) * channels + k,
                };

                sum_slopes(l, &s, ABREAST);
            }
        }
    }
}

/* A strip of `n` points of dy and what they give to one row of dx. */
struct give {
    const fw_real *w;  /* parameters, at some channels of x */
    const fw_real *dy; /* row i of dy, at the first point */
    fw_real *dx;       /* row i of dx, at the first point and those channels */
    size_t from;       /* lines of the window that meet this row */
    size_t to;         /* past the last */
};

/* dx of a row gets dy of the rows above, each by its line of the window. */
INLINE void give_strip(const struct fw_layer *l, const struct give *g, size_t n)
{
    size_t step = l->in.channels;
    size_t channels = l->out.channels;
    vec sum[POINTS + WINDOW - 1];

#pragma GCC unroll 16
    for (size_t j = 0; j < n + WINDOW - 1; j++)
        sum[j] = load(g->dx + j * step);
    for (size_t v = g->from; v < g->to; v++) {
        const fw_real *w = g->w + v * WINDOW * step;
        const fw_real *dy = g->dy - v * l->out.width * channels;

        for (size_t k = 0; k < channels; k++, w += l->fan_in, dy++) {
#pragma GCC unroll 16
            for (size_t u = 0; u < WINDOW; u++) {
                vec wide = load(w + u * step);

#pragma GCC unroll 16
                for (size_t j = 0; j < n; j++)
                    sum[j + u] += wide * dy[j * channels];
            }
        }
    }
#pragma GCC unroll 16
    for (size_t j = 0; j < n + WINDOW - 1; j++)
        store(g->dx + j * step, sum[j]);
}

INLINE void give_row(const struct fw_layer *l, struct give g)
{
    for (size_t j = 0; j < l->out.width;) {
        size_t left = l->out.width - j;
        size_t n = left >= POINTS ? POINTS : left >= 2 ? 2 : 1;

        if (n == POINTS)
            give_strip(l, &g, POINTS);
        else if (n == 2)
            give_strip(l, &g, 2);
        else
            give_strip(l, &g, 1);
        j += n;
        g.dy += n * l->out.channels;
        g.dx += n * l->in.channels;
    }
}

/* Where x has too few channels for a vector; no network of ours asks. */
static void give_narrow(const struct fw_layer *l, const fw_real *weight,
                        const fw_real *dy, fw_real *dx)
{
    size_t run = WINDOW * l->in.channels;
    size_t line = l->in.width * l->in.channels;

    for (size_t i = 0; i < l->out.height; i++) {
        for (size_t j = 0; j < l->out.width; j++) {
            fw_real *to = dx + i * line + j * l->in.channels;

            for (size_t k = 0; k < l->out.channels; k++, dy++) {
                for (size_t q = 0; q < l->fan_in; q++)
                    to[q / run * line + q % run] +=
                        *dy * weight[k * l->fan_in + q];
            }
        }
    }
}

static void inputs(const struct fw_layer *l, const fw_real *weight,
                   const fw_real *dy, fw_real *dx)
{
    size_t line = l->in.width * l->in.channels;

    memset(dx, 0, fw_shape_size(&l->in) * sizeof(*dx));
    if (l->in.channels % LANES != 0) {
        give_narrow(l, weight, dy, dx);
        return;
    }
    for (size_t i = 0; i < l->in.height; i++) {
        size_t above = i < WINDOW ? i + 1 : WINDOW;
        size_t below = i < l->out.height ? 0 : i + 1 - l->out.height;

        for (size_t c = 0; c < l->in.channels; c += LANES) {
            struct give g = {
                .w = weight + c,
                .dy = dy + i * l->out.width * l->out.channels,
                .dx = dx + i * line + c,
                .from = below,
                .to = above,
            };

            give_row(l, g);
        }
    }
}
#undef INLINE
