/* glyphs.h - what the ten digits look like: lines and arcs in a unit box.
 *
 * x goes right, y goes down; an angle of 0 degrees points right, 90 down.
 *
 * Layer: client/data.  Thread: any; constant. */
#ifndef FW_DATA_GLYPHS_H
#define FW_DATA_GLYPHS_H

#include <stddef.h>

#define FW_GLYPH_STROKES_MAX 4

struct fw_stroke {
    float cx; /* centre of the arc; a line is an arc of radius 0 that moves */
    float cy;
    float rx; /* radii */
    float ry;
    float from; /* degrees */
    float to;
    float dx; /* the centre moves this far while drawing */
    float dy;
    float chance; /* that this stroke is drawn, in [0, 1] */
};

/* The strokes of `digit` (0 to 9) and how many. */
const struct fw_stroke *fw_glyph(unsigned digit, size_t *n);

#endif
