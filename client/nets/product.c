#include "client/nets/product.h"

#include <string.h>

#include <cblas.h>

static void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb,
                     const struct fw_product *p)
{
    int lda = (int)(ta == CblasTrans ? p->m : p->k);
    int ldb = (int)(tb == CblasTrans ? p->k : p->n);

#ifdef FW_NETS_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, (int)p->m, (int)p->n, (int)p->k, 1.0,
                p->a, lda, p->b, ldb, 0.0, p->c, (int)p->n);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (int)p->m, (int)p->n, (int)p->k, 1.0f,
                p->a, lda, p->b, ldb, 0.0f, p->c, (int)p->n);
#endif
}

void fw_product_nn(const struct fw_product *p)
{
    multiply(CblasNoTrans, CblasNoTrans, p);
}

void fw_product_nt(const struct fw_product *p)
{
    multiply(CblasNoTrans, CblasTrans, p);
}

void fw_product_tn(const struct fw_product *p)
{
    multiply(CblasTrans, CblasNoTrans, p);
}

static void add(fw_real *restrict y, const fw_real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

void fw_rows_add(fw_real *y, const fw_real *bias, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        add(y + r * n, bias, n);
}

void fw_rows_sum(const fw_real *y, size_t rows, size_t n, fw_real *sum)
{
    memset(sum, 0, n * sizeof(*sum));
    for (size_t r = 0; r < rows; r++)
        add(sum, y + r * n, n);
}

void fw_product_threads(int n)
{
    openblas_set_num_threads(n < 1 ? 1 : n);
}
