/* real.h - the number the networks calculate with.
 *
 * float in the product.  The tests compile the same sources with
 * FW_NETS_DOUBLE, because finite differences of floats are mostly noise.
 *
 * Layer: client/nets.  Thread: any. */
#ifndef FW_NETS_REAL_H
#define FW_NETS_REAL_H

#ifdef FW_NETS_DOUBLE
typedef double fw_real;
#else
typedef float fw_real;
#endif

#endif
