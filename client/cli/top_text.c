#include "client/cli/top_text.h"

#include <math.h>
#include <string.h>

#define LEVELS 8 /* heights of a sparkline's column */

/* Append one glyph; `at` is where the text ends. */
static size_t put(char *out, size_t at, const char *glyph)
{
    size_t n = strlen(glyph);

    memcpy(out + at, glyph, n + 1);
    return at + n;
}

static double share(const struct fw_bar *b, double x)
{
    double s = (x - b->low) / (b->high - b->low);

    return fmin(fmax(s, 0.0), 1.0);
}

const char *fw_text_bar(const struct fw_bar *b, char out[FW_DRAWN_BYTES])
{
    unsigned columns =
        b->columns < FW_DRAWN_COLUMNS ? b->columns : FW_DRAWN_COLUMNS;
    long filled = isfinite(b->value) ? lround(share(b, b->value) * columns) : 0;
    long mark = isfinite(b->mark) && columns
                    ? lround(share(b, b->mark) * (columns - 1))
                    : -1;
    size_t at = 0;

    out[0] = '\0';
    for (long i = 0; i < (long)columns; i++) {
        if (i == mark)
            at = put(out, at, b->utf8 ? "┃" : "|");
        else if (i < filled)
            at = put(out, at, b->utf8 ? "█" : "#");
        else
            at = put(out, at, b->utf8 ? "·" : ".");
    }
    return out;
}

const char *fw_text_spark(const double *values, size_t n, bool utf8,
                          char out[FW_DRAWN_BYTES])
{
    static const char *const blocks[LEVELS] = {"▁", "▂", "▃", "▄",
                                               "▅", "▆", "▇", "█"};
    static const char *const plain[LEVELS] = {"_", ".", "-", "=",
                                              "+", "*", "%", "#"};
    double low = INFINITY;
    double high = -INFINITY;
    size_t at = 0;

    if (n > FW_DRAWN_COLUMNS) {
        values += n - FW_DRAWN_COLUMNS;
        n = FW_DRAWN_COLUMNS;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        double s = high > low ? (values[i] - low) / (high - low) : 0.0;
        const char *const *glyphs = utf8 ? blocks : plain;

        at = put(out, at,
                 isfinite(values[i]) ? glyphs[lround(s * (LEVELS - 1))] : " ");
    }
    return out;
}

/* Whether a byte starts a character of UTF-8: all but 10xxxxxx. */
static bool starts_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

void fw_text_clip(char *text, unsigned columns)
{
    unsigned seen = 0;

    for (char *c = text; *c; c++) {
        if (!starts_character(*c))
            continue;
        if (seen == columns) {
            *c = '\0';
            return;
        }
        seen++;
    }
}
