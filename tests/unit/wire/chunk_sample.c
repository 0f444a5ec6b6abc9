#include "tests/unit/wire/chunk_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + 3);
}

/* Put the data behind a head, as a sender does. */
void finish(struct flat *f, const uint8_t *head, size_t n_head)
{
    assert_true(n_head <= FW_CHUNK_HEAD_MAX);
    memcpy(f->data, head, n_head);
    for (size_t i = 0; i < DATA_BYTES; i++)
        f->data[n_head + i] = pattern(i);
    f->n = n_head + DATA_BYTES;
}

void assert_pattern(const uint8_t *data, size_t n)
{
    assert_int_equal(n, DATA_BYTES);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], pattern(i));
}

void assert_run(const struct fw_run *run)
{
    uint8_t copy[DATA_BYTES];

    assert_int_equal(run->n, DATA_BYTES);
    fw_run_copy(run, copy);
    assert_pattern(copy, run->n);
}

const struct fw_gradient_head GRADIENT_HEAD = {
    .sequence = UINT64_MAX,
    .base_version = 1ull << 40,
    .offset = 131072,
    .samples = 32,
    .loss = 0.0,
    .curvature = -1.5,
    .want_parameters = true,
};

void sample_gradient(struct flat *f)
{
    uint8_t head[FW_CHUNK_HEAD_MAX];

    finish(f, head, fw_chunk_gradient(&GRADIENT_HEAD, DATA_BYTES, head));
}

struct fw_parameters_head parameters_head(void)
{
    struct fw_parameters_head h = {"", 77, 1ull << 33, 1ull << 34};

    memset(h.job, 'j', FW_NAME_MAX);
    return h;
}
