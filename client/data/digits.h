/* digits.h - digits drawn by strokes, so that nothing needs a download.
 *
 * 28 x 28 grey images of ten classes.  Each digit is a few lines and arcs,
 * some of them optional as in handwriting; it is bent, sheared, turned, scaled,
 * shifted, drawn with a pen of random width and strength, crossed by faint
 * scratches and covered with noise.  Image i of a seed is the same however
 * many are drawn.
 *
 * Layer: client/data.  Thread: any.  What is drawn is the caller's. */
#ifndef FW_DATA_DIGITS_H
#define FW_DATA_DIGITS_H

#include "client/data/dataset.h"

#define FW_DIGITS_SIDE    28
#define FW_DIGITS_CLASSES 10

/* FW_INVALID: n is 0 or too large; FW_NOMEM.  On failure *d is closed. */
FW_MUST_USE fw_status fw_digits_draw(struct fw_dataset *d, uint64_t n,
                                     uint64_t seed, struct fw_err *err);

#endif
