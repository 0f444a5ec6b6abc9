#include "client/data/glyphs.h"

#define LINE(x0, y0, x1, y1, chance)                                           \
    {                                                                          \
        x0, y0, 0, 0, 0, 0, (x1) - (x0), (y1) - (y0), chance                   \
    }
#define ARC(cx, cy, rx, ry, from, to)                                          \
    {                                                                          \
        cx, cy, rx, ry, from, to, 0, 0, 1                                      \
    }

static const struct glyph {
    size_t n;
    struct fw_stroke strokes[FW_GLYPH_STROKES_MAX];
} GLYPHS[] = {
    {1, {ARC(.5f, .5f, .28f, .42f, 0, 360)}},
    {3,
     {LINE(.54f, .08f, .54f, .92f, 1), LINE(.34f, .27f, .54f, .08f, .6f),
      LINE(.34f, .92f, .74f, .92f, .3f)}},
    {3,
     {ARC(.5f, .32f, .26f, .24f, 190, 400), LINE(.70f, .47f, .24f, .92f, 1),
      LINE(.24f, .92f, .78f, .92f, 1)}},
    {2,
     {ARC(.48f, .29f, .24f, .21f, 200, 450),
      ARC(.48f, .71f, .27f, .21f, 270, 520)}},
    {3,
     {LINE(.60f, .08f, .22f, .62f, 1), LINE(.22f, .62f, .82f, .62f, 1),
      LINE(.60f, .08f, .60f, .92f, 1)}},
    {3,
     {LINE(.74f, .08f, .32f, .08f, 1), LINE(.32f, .08f, .28f, .49f, 1),
      ARC(.48f, .66f, .26f, .26f, 220, 510)}},
    {2,
     {ARC(.5f, .68f, .25f, .24f, 0, 360),
      ARC(.72f, .66f, .47f, .58f, 180, 262)}},
    {3,
     {LINE(.24f, .10f, .76f, .10f, 1), LINE(.76f, .10f, .42f, .92f, 1),
      LINE(.40f, .52f, .74f, .52f, .3f)}},
    {2,
     {ARC(.5f, .29f, .21f, .20f, 0, 360), ARC(.5f, .70f, .26f, .22f, 0, 360)}},
    {2,
     {ARC(.5f, .32f, .25f, .24f, 0, 360), ARC(.28f, .34f, .47f, .58f, 0, 82)}},
};

const struct fw_stroke *fw_glyph(unsigned digit, size_t *n)
{
    *n = GLYPHS[digit].n;
    return GLYPHS[digit].strokes;
}
