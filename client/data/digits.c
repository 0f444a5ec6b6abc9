#include "client/data/digits.h"

#include <math.h>
#include <string.h>

#include "client/data/glyphs.h"
#include "sdk/base/random.h"

#define SIDE  FW_DIGITS_SIDE
#define PI    3.14159265f
#define STEPS 14 /* straight pieces of an arc: finer than a pixel can show */

/* Widths of the distortions.  Chosen so that a cnn reaches about 98 % and a
 * linear model clearly less; see tests/unit/nets/test_learning.c. */
#define TURN           0.16f /* radians, one deviation */
#define SHEAR          0.18f
#define SIZE           19.5f /* pixels of the unit box, before scaling */
#define SCALE_LOW      0.75f
#define SCALE_HIGH     1.10f
#define SHIFT          2.0f   /* pixels to each side, at most */
#define BEND           0.048f /* of the unit box, one deviation */
#define PEN_LOW        0.8f   /* half width in pixels */
#define PEN_HIGH       1.7f
#define INK_LOW        0.6f
#define NOISE_HIGH     0.20f /* deviation of the noise, at most */
#define SCRATCHES      2     /* at most */
#define SCRATCH_LENGTH 4     /* pixels along each axis, one deviation */

/* From the unit box to pixels, drawn anew for each image. */
struct warp {
    float a[4];     /* turn, shear and scale; pixels a unit */
    float shift[2]; /* of the centre, in pixels */
    float bend[2];
    float phase[2];
};

/* What is being drawn with. */
struct pen {
    float radius; /* pixels */
    float ink;    /* in [0, 1] */
    float *image; /* lent; SIDE x SIDE */
};

struct point {
    float x;
    float y;
};

static float between(struct fw_random *r, float low, float high)
{
    return low + (high - low) * (float)fw_random_uniform(r);
}

static float normal(struct fw_random *r, float deviation)
{
    return deviation * (float)fw_random_normal(r);
}

/* The draws stand in lines of their own: C leaves the order inside an
 * initialiser open, and a seed must mean the same for every compiler. */
static struct warp draw_warp(struct fw_random *r)
{
    struct warp w;
    float turn = normal(r, TURN);
    float shear = normal(r, SHEAR);
    float sx = SIZE * between(r, SCALE_LOW, SCALE_HIGH);
    float sy = SIZE * between(r, SCALE_LOW, SCALE_HIGH);
    float c = cosf(turn);
    float s = sinf(turn);

    w.a[0] = sx * c;
    w.a[1] = sy * (shear * c - s);
    w.a[2] = sx * s;
    w.a[3] = sy * (shear * s + c);
    for (int k = 0; k < 2; k++) {
        w.shift[k] = between(r, -SHIFT, SHIFT);
        w.bend[k] = normal(r, BEND);
        w.phase[k] = between(r, 0, 2 * PI);
    }
    return w;
}

static struct point apply(const struct warp *w, struct point p)
{
    float x = p.x - 0.5f + w->bend[0] * sinf(PI * 2 * p.y + w->phase[0]);
    float y = p.y - 0.5f + w->bend[1] * sinf(PI * 2 * p.x + w->phase[1]);

    return (struct point){
        SIDE / 2.0f + w->shift[0] + w->a[0] * x + w->a[1] * y,
        SIDE / 2.0f + w->shift[1] + w->a[2] * x + w->a[3] * y,
    };
}

static float distance(struct point p, struct point a, struct point b)
{
    float dx = b.x - a.x;
    float dy = b.y - a.y;
    float length = dx * dx + dy * dy;
    float t = length > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length : 0;

    t = fminf(fmaxf(t, 0), 1);
    return hypotf(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

static int pixel(float x)
{
    return (int)fminf(fmaxf(x, 0), SIDE - 1);
}

/* Darken the pixels near the piece from a to b; the edge is a pixel soft. */
static void draw_piece(const struct pen *pen, struct point a, struct point b)
{
    float reach = pen->radius + 1;
    int left = pixel(fminf(a.x, b.x) - reach);
    int right = pixel(fmaxf(a.x, b.x) + reach);
    int top = pixel(fminf(a.y, b.y) - reach);
    int bottom = pixel(fmaxf(a.y, b.y) + reach);

    for (int i = top; i <= bottom; i++) {
        for (int j = left; j <= right; j++) {
            struct point centre = {(float)j + 0.5f, (float)i + 0.5f};
            float cover = pen->radius + 0.5f - distance(centre, a, b);
            float *to = &pen->image[i * SIDE + j];

            *to = fmaxf(*to, pen->ink * fminf(fmaxf(cover, 0), 1));
        }
    }
}

static struct point along(const struct fw_stroke *s, float t)
{
    float angle = (s->from + t * (s->to - s->from)) * PI / 180;

    return (struct point){s->cx + s->rx * cosf(angle) + t * s->dx,
                          s->cy + s->ry * sinf(angle) + t * s->dy};
}

static void draw_stroke(const struct pen *pen, const struct warp *w,
                        const struct fw_stroke *s)
{
    struct point last = apply(w, along(s, 0));

    for (int k = 1; k <= STEPS; k++) {
        struct point next = apply(w, along(s, (float)k / STEPS));

        draw_piece(pen, last, next);
        last = next;
    }
}

/* A faint short line anywhere. */
static void draw_scratch(struct fw_random *r, float *image)
{
    struct pen pen = {.image = image};
    struct point a;
    struct point b;

    pen.radius = between(r, 0.3f, 0.9f);
    pen.ink = between(r, 0.2f, 0.7f);
    a.x = between(r, 0, SIDE);
    a.y = between(r, 0, SIDE);
    b.x = a.x + normal(r, SCRATCH_LENGTH);
    b.y = a.y + normal(r, SCRATCH_LENGTH);
    draw_piece(&pen, a, b);
}

/* Sums of four bytes are near enough to normal, and cheap. */
static void add_noise(struct fw_random *r, float deviation, float *image)
{
    const float mean = 4 * 127.5f;
    const float spread = 147.8f; /* deviation of the sum of four bytes */
    uint64_t bits = 0;

    for (int i = 0; i < SIDE * SIDE; i++) {
        float sum = 0;

        bits = i % 2 ? bits >> 32 : fw_random_u64(r);
        for (int k = 0; k < 4; k++)
            sum += (float)(bits >> (8 * k) & 0xff);
        sum = image[i] + deviation * (sum - mean) / spread;
        image[i] = fminf(fmaxf(sum, 0), 1);
    }
}

static unsigned draw_image(struct fw_random *r, float *image)
{
    unsigned digit = (unsigned)fw_random_below(r, FW_DIGITS_CLASSES);
    struct warp w = draw_warp(r);
    struct pen pen = {.image = image};
    uint64_t scratches = fw_random_below(r, SCRATCHES + 1);
    size_t n;
    const struct fw_stroke *strokes = fw_glyph(digit, &n);

    pen.radius = between(r, PEN_LOW, PEN_HIGH);
    pen.ink = between(r, INK_LOW, 1);
    memset(image, 0, sizeof(*image) * SIDE * SIDE);
    for (size_t i = 0; i < n; i++) {
        if (fw_random_uniform(r) < strokes[i].chance)
            draw_stroke(&pen, &w, &strokes[i]);
    }
    for (uint64_t i = 0; i < scratches; i++)
        draw_scratch(r, image);
    add_noise(r, between(r, 0, NOISE_HIGH), image);
    return digit;
}

fw_status fw_digits_draw(struct fw_dataset *d, uint64_t n, uint64_t seed,
                         struct fw_err *err)
{
    struct fw_random seeds;
    fw_status s;

    if (n == 0)
        return fw_err_set(err, FW_INVALID, "no digits asked for");
    s = fw_dataset_reserve(d, n, (struct fw_image_shape){1, SIDE, SIDE}, err);
    if (s != FW_OK)
        return s;
    d->classes = FW_DIGITS_CLASSES;
    fw_random_init(&seeds, seed);
    for (size_t i = 0; i < d->n; i++) {
        struct fw_random r;

        fw_random_init(&r, fw_random_u64(&seeds));
        d->labels[i] = (float)draw_image(&r, d->inputs + i * d->sample);
    }
    return FW_OK;
}
