#include "client/lab/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/lab/axis.h"

#define WIDTH    720.0
#define HEIGHT   340.0
#define LEFT     68.0
#define RIGHT    150.0 /* the legend's */
#define TOP      34.0
#define BOTTOM   46.0
#define DOTS_MAX 16u /* points of a line that has dots */

static const char *const colours[FW_DRAW_LINES_MAX] = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
    "#8c6d31", "#7f7f7f", "#0072b2", "#d55e00", "#009e73", "#cc79a7"};
static const char *const dashes[FW_DRAW_LINES_MAX] = {
    "none", "7 3", "2 3", "9 3 2 3", "none", "5 5",
    "1 3",  "8 2", "4 2", "none",    "7 3",  "2 3"};

fw_status fw_draw_text(const char *text, struct fw_bytes *out)
{
    fw_status s = FW_OK;

    for (; *text && s == FW_OK; text++) {
        switch (*text) {
        case '<':
            s = fw_bytes_printf(out, "&lt;");
            break;
        case '>':
            s = fw_bytes_printf(out, "&gt;");
            break;
        case '&':
            s = fw_bytes_printf(out, "&amp;");
            break;
        case '"':
            s = fw_bytes_printf(out, "&quot;");
            break;
        default:
            s = fw_bytes_append(out, text, 1);
        }
    }
    return s;
}

/* <text x= y= more>words</text> */
static fw_status write(struct fw_bytes *out, double x, double y,
                       const char *more, const char *words)
{
    fw_status s =
        fw_bytes_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, more);

    if (s == FW_OK)
        s = fw_draw_text(words, out);
    return s == FW_OK ? fw_bytes_printf(out, "</text>\n") : s;
}

static fw_status begin(struct fw_bytes *out, const char *title, double height)
{
    fw_status s = fw_bytes_printf(
        out,
        "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
        "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"system-ui, "
        "sans-serif\" font-size=\"12\" fill=\"currentColor\"><title>",
        WIDTH, height);

    if (s == FW_OK)
        s = fw_draw_text(title, out);
    if (s == FW_OK)
        s = fw_bytes_printf(out, "</title>\n");
    return s == FW_OK ? write(out, LEFT, 18.0, "font-weight=\"600\"", title)
                      : s;
}

static fw_status end(struct fw_bytes *out)
{
    return fw_bytes_printf(out, "</svg>\n");
}

static fw_status x_axis(struct fw_bytes *out, const struct fw_axis *a,
                        const char *name, double bottom)
{
    fw_status s = FW_OK;
    char words[32];

    for (size_t i = 0; i < a->n_ticks && s == FW_OK; i++) {
        double x = fw_axis_place(a, a->ticks[i]);

        s = fw_bytes_printf(
            out,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
            "stroke=\"currentColor\" stroke-opacity=\".12\"/>\n",
            x, x, TOP, bottom);
        snprintf(words, sizeof(words), "%g", a->ticks[i]);
        if (s == FW_OK)
            s = write(out, x, bottom + 16.0, "text-anchor=\"middle\"", words);
    }
    return s == FW_OK ? write(out, (a->from + a->to) / 2.0, bottom + 34.0,
                              "text-anchor=\"middle\" opacity=\".8\"", name)
                      : s;
}

static fw_status y_axis(struct fw_bytes *out, const struct fw_axis *a,
                        const char *name)
{
    fw_status s = FW_OK;
    char words[32];

    for (size_t i = 0; i < a->n_ticks && s == FW_OK; i++) {
        double y = fw_axis_place(a, a->ticks[i]);

        s = fw_bytes_printf(
            out,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
            "stroke=\"currentColor\" stroke-opacity=\".12\"/>\n",
            LEFT, WIDTH - RIGHT, y, y);
        snprintf(words, sizeof(words), "%g", a->ticks[i]);
        if (s == FW_OK)
            s = write(out, LEFT - 7.0, y + 4.0, "text-anchor=\"end\"", words);
    }
    if (s == FW_OK)
        s = fw_bytes_printf(out,
                            "<g transform=\"translate(14 %.1f) "
                            "rotate(-90)\">",
                            (a->from + a->to) / 2.0);
    if (s == FW_OK)
        s = write(out, 0.0, 0.0, "text-anchor=\"middle\" opacity=\".8\"", name);
    return s == FW_OK ? fw_bytes_printf(out, "</g>\n") : s;
}

static fw_status legend(struct fw_bytes *out, const char *name, size_t i)
{
    double y = TOP + 10.0 + 18.0 * (double)i;
    fw_status s = fw_bytes_printf(
        out,
        "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
        "stroke-width=\"2.2\" stroke-dasharray=\"%s\"/>\n",
        WIDTH - RIGHT + 10.0, WIDTH - RIGHT + 34.0, y - 4.0, y - 4.0,
        colours[i], dashes[i]);

    return s == FW_OK ? write(out, WIDTH - RIGHT + 40.0, y, "", name) : s;
}

/* A line, broken at what has no place. */
static fw_status trace(struct fw_bytes *out, const struct fw_draw_line *l,
                       const struct fw_axis *x, const struct fw_axis *y,
                       size_t colour)
{
    bool down = false; /* the pen */
    fw_status s = fw_bytes_printf(
        out,
        "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
        "stroke-linejoin=\"round\" stroke-dasharray=\"%s\" d=\"",
        colours[colour], dashes[colour]);

    for (size_t i = 0; i < l->n && s == FW_OK; i++) {
        double px = fw_axis_place(x, l->x[i]);
        double py = fw_axis_place(y, l->y[i]);

        if (isnan(px) || isnan(py)) {
            down = false;
            continue;
        }
        s = fw_bytes_printf(out, "%c%.1f %.1f", down ? 'L' : 'M', px, py);
        down = true;
    }
    return s == FW_OK ? fw_bytes_printf(out, "\"/>\n") : s;
}

/* A dot at each of a few points, so that one without neighbours is seen. */
static fw_status dots(struct fw_bytes *out, const struct fw_draw_line *l,
                      const struct fw_axis *x, const struct fw_axis *y,
                      size_t colour)
{
    fw_status s = FW_OK;

    for (size_t i = 0; i < l->n && l->n <= DOTS_MAX && s == FW_OK; i++) {
        double px = fw_axis_place(x, l->x[i]);
        double py = fw_axis_place(y, l->y[i]);

        if (!isnan(px) && !isnan(py))
            s = fw_bytes_printf(
                out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
                px, py, colours[colour]);
    }
    return s;
}

static fw_status draw_level(struct fw_bytes *out, const struct fw_axis *y,
                            double level)
{
    double at = fw_axis_place(y, level);

    if (isnan(at))
        return FW_OK;
    return fw_bytes_printf(out,
                           "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                           "y2=\"%.1f\" stroke=\"currentColor\" "
                           "stroke-dasharray=\"4 4\" stroke-opacity=\".6\"/>\n",
                           LEFT, WIDTH - RIGHT, at, at);
}

static void measure(const struct fw_chart *c, size_t n, struct fw_axis *x,
                    struct fw_axis *y)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < c->lines[i].n; k++) {
            fw_axis_take(x, c->lines[i].x[k]);
            fw_axis_take(y, c->lines[i].y[k]);
        }
    }
    fw_axis_take(y, c->level);
    fw_axis_finish(x);
    fw_axis_finish(y);
}

fw_status fw_draw_chart(const struct fw_chart *c, struct fw_bytes *out)
{
    size_t n = c->n_lines < FW_DRAW_LINES_MAX ? c->n_lines : FW_DRAW_LINES_MAX;
    struct fw_axis x = {.log = c->log_x,
                        .low = INFINITY,
                        .high = -INFINITY,
                        .from = LEFT,
                        .to = WIDTH - RIGHT};
    struct fw_axis y = {.log = c->log_y,
                        .low = INFINITY,
                        .high = -INFINITY,
                        .from = HEIGHT - BOTTOM,
                        .to = TOP};
    fw_status s = begin(out, c->title, HEIGHT);

    measure(c, n, &x, &y);
    if (s == FW_OK)
        s = x_axis(out, &x, c->x_name, HEIGHT - BOTTOM);
    if (s == FW_OK)
        s = y_axis(out, &y, c->y_name);
    if (s == FW_OK)
        s = draw_level(out, &y, c->level);
    for (size_t i = 0; i < n && s == FW_OK; i++) {
        s = trace(out, &c->lines[i], &x, &y, i);
        if (s == FW_OK)
            s = dots(out, &c->lines[i], &x, &y, i);
        if (s == FW_OK)
            s = legend(out, c->lines[i].name, i);
    }
    return s == FW_OK ? end(out) : s;
}

fw_status fw_draw_bars(const struct fw_bars *b, struct fw_bytes *out)
{
    struct fw_axis x = {.low = 0.0,
                        .high = (double)(b->n ? b->n : 1),
                        .from = LEFT,
                        .to = WIDTH - RIGHT};
    struct fw_axis y = {
        .low = 0.0, .high = -INFINITY, .from = HEIGHT - BOTTOM, .to = TOP};
    fw_status s = begin(out, b->title, HEIGHT);

    for (size_t i = 0; i < b->n; i++) {
        fw_axis_take(&y, b->bars[i]);
        fw_axis_take(&y, b->law ? b->law[i] : NAN);
    }
    fw_axis_finish(&x);
    fw_axis_finish(&y);
    if (s == FW_OK)
        s = x_axis(out, &x, b->x_name, HEIGHT - BOTTOM);
    if (s == FW_OK)
        s = y_axis(out, &y, "share of gradients");
    for (size_t i = 0; i < b->n && s == FW_OK; i++) {
        double from = fw_axis_place(&x, (double)i + 0.1);
        double to = fw_axis_place(&x, (double)i + 0.9);
        double top = fw_axis_place(&y, b->bars[i]);

        s = fw_bytes_printf(out,
                            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                            "height=\"%.1f\" fill=\"#56b4e9\"/>\n",
                            from, top, to - from, y.from - top);
    }
    if (s == FW_OK && b->law) {
        double middle[512];
        size_t n = b->n < 512 ? b->n : 512;
        struct fw_draw_line law = {b->law_name, middle, b->law, n};

        for (size_t i = 0; i < n; i++)
            middle[i] = (double)i + 0.5;
        s = trace(out, &law, &x, &y, 1);
        if (s == FW_OK)
            s = legend(out, b->law_name, 1);
    }
    return s == FW_OK ? end(out) : s;
}

/* From dark (best) to light (worst) by equal steps of lightness. */
static void shade(double part, char out[8])
{
    static const int dark[] = {0x08, 0x3d, 0x77};
    static const int light[] = {0xe8, 0xf0, 0xf8};
    int c[3];

    for (int i = 0; i < 3; i++)
        c[i] = (int)lround(dark[i] + part * (light[i] - dark[i]));
    snprintf(out, 8, "#%02x%02x%02x", c[0], c[1], c[2]);
}

struct tile {
    double x;
    double y;
    double width;
    double height;
    double value;
    double part; /* 0 best, 1 worst */
};

static fw_status draw_tile(struct fw_bytes *out, const struct tile *t)
{
    bool known = isfinite(t->value);
    char more[96];
    char fill[8];
    char words[32];
    fw_status s;

    shade(t->part, fill);
    s = fw_bytes_printf(
        out,
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
        "fill=\"%s\" stroke=\"%s\" stroke-width=\"%s\"/>\n",
        t->x + 1.0, t->y + 1.0, t->width - 2.0, t->height - 2.0,
        known ? fill : "none",
        known && t->part <= 0.0 ? "#d55e00" : "currentColor",
        known && t->part <= 0.0 ? "3" : ".3");
    snprintf(words, sizeof(words), known ? "%.0f" : "never", t->value);
    snprintf(more, sizeof(more), "text-anchor=\"middle\" fill=\"%s\"%s",
             !known           ? "currentColor"
             : t->part < 0.55 ? "#fff"
                              : "#111",
             known ? "" : " opacity=\".45\"");
    return s == FW_OK ? write(out, t->x + t->width / 2.0,
                              t->y + t->height / 2.0 + 4.0, more, words)
                      : s;
}

fw_status fw_draw_heat(const struct fw_heat *h, struct fw_bytes *out)
{
    double width = (WIDTH - LEFT - 20.0) / (double)(h->n_x ? h->n_x : 1);
    double height = 26.0;
    double bottom = TOP + height * (double)h->n_y;
    double best = INFINITY;
    double worst = 0.0;
    char words[32];
    fw_status s = begin(out, h->title, bottom + 50.0);

    for (size_t i = 0; i < h->n_x * h->n_y; i++) {
        if (isfinite(h->values[i])) {
            best = fmin(best, h->values[i]);
            worst = fmax(worst, h->values[i]);
        }
    }
    for (size_t i = 0; i < h->n_x * h->n_y && s == FW_OK; i++) {
        double v = h->values[i];
        size_t row = i / h->n_x;
        struct tile t = {
            .x = LEFT + width * (double)(i % h->n_x),
            .y = TOP + height * (double)row,
            .width = width,
            .height = height,
            .value = v,
            .part = worst > best && v > 0.0 ? log(v / best) / log(worst / best)
                                            : 0.0,
        };

        s = draw_tile(out, &t);
    }
    for (size_t i = 0; i < h->n_y && s == FW_OK; i++) {
        snprintf(words, sizeof(words), "%g", h->y[i]);
        s = write(out, LEFT - 7.0, TOP + height * ((double)i + 0.5) + 4.0,
                  "text-anchor=\"end\"", words);
    }
    for (size_t i = 0; i < h->n_x && s == FW_OK; i++) {
        snprintf(words, sizeof(words), "%.3g", h->x[i]);
        s = write(out, LEFT + width * ((double)i + 0.5), bottom + 16.0,
                  "text-anchor=\"middle\"", words);
    }
    snprintf(words, sizeof(words), "%s", h->y_name);
    if (s == FW_OK)
        s = write(out, 4.0, TOP - 6.0, "opacity=\".8\"", words);
    if (s == FW_OK)
        s = write(out, LEFT + (WIDTH - LEFT) / 2.0, bottom + 36.0,
                  "text-anchor=\"middle\" opacity=\".8\"", h->x_name);
    return s == FW_OK ? end(out) : s;
}
