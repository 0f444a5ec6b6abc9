/* product.h - matrix products, the one place that calls BLAS.
 *
 * All matrices are row-major and dense; the result overwrites c.
 *
 * Layer: client/nets.  Thread: any; the BLAS works in the caller's thread
 * unless fw_product_threads asked for more.  Nothing is owned. */
#ifndef FW_NETS_PRODUCT_H
#define FW_NETS_PRODUCT_H

#include <stddef.h>

#include "client/nets/real.h"

/* c [m, n] is a sum over k of a times b.  Sizes fit an int: fw_net_init and
 * the batch limit see to it. */
struct fw_product {
    size_t m;
    size_t n;
    size_t k;
    const fw_real *a;
    const fw_real *b;
    fw_real *c;
};

/* a [m, k], b [k, n]. */
void fw_product_nn(const struct fw_product *p);

/* a [m, k], b [n, k]: the second is transposed. */
void fw_product_nt(const struct fw_product *p);

/* a [k, m], b [k, n]: the first is transposed. */
void fw_product_tn(const struct fw_product *p);

/* y [rows, n] += bias [n] in every row. */
void fw_rows_add(fw_real *y, const fw_real *bias, size_t rows, size_t n);

/* sum [n] = the sum of the rows of y [rows, n]. */
void fw_rows_sum(const fw_real *y, size_t rows, size_t n, fw_real *sum);

/* Threads of the whole process's BLAS; fewer than 1 is taken as 1. */
void fw_product_threads(int n);

#endif
