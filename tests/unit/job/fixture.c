#include "tests/unit/job/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEVER (-1)

/* The linker sends the allocations of the code under test here (--wrap). */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static long fault_left = NEVER; /* atomic; allocations before the failing one */
static bool fault_happened;     /* atomic */

static bool fails(void)
{
    long left = __atomic_load_n(&fault_left, __ATOMIC_RELAXED);

    if (left == NEVER)
        return false;
    if (__atomic_fetch_sub(&fault_left, 1, __ATOMIC_RELAXED) != 0)
        return false;
    __atomic_store_n(&fault_happened, true, __ATOMIC_RELAXED);
    return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void fault_arm(long n)
{
    __atomic_store_n(&fault_happened, false, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_left, n, __ATOMIC_RELAXED);
}

bool fault_disarm(void)
{
    __atomic_store_n(&fault_left, NEVER, __ATOMIC_RELAXED);
    return __atomic_load_n(&fault_happened, __ATOMIC_RELAXED);
}

struct fw_run run_of(struct fw_span *span, const void *data, size_t n)
{
    *span = (struct fw_span){.data = data, .n = n};
    return (struct fw_run){.spans = span, .n_spans = 1, .n = n};
}

struct fw_gather *gather_of(struct fw_pool *p, const float *x, uint64_t n)
{
    struct fw_gather *g;
    struct fw_span span;
    struct fw_run run = run_of(&span, x, n * sizeof(*x));

    assert_int_equal(fw_gather_create(p, n, FW_DTYPE_F32, NULL, &g), FW_OK);
    assert_int_equal(fw_gather_add(g, 0, &run, NULL), FW_OK);
    assert_true(fw_gather_complete(g));
    g->head.loss = NAN;
    g->head.curvature = NAN;
    return g;
}

struct fw_job_spec spec_of(uint64_t n)
{
    static struct fw_tensor_spec tensor;
    struct fw_job_spec spec = {
        .name = "job",
        .tensors = {.items = &tensor, .n = 1},
        .controller = {.law = FW_LAW_FIXED,
                       .reference_momentum = 0.9,
                       .reference_learning_rate = 0.01},
    };

    tensor = (struct fw_tensor_spec){.name = "w", .rank = 1, .shape = {n}};
    fw_job_spec_default(&spec);
    assert_int_equal(fw_job_spec_check(&spec, NULL), FW_OK);
    return spec;
}

void job_open(struct fw_job *job, uint64_t n, enum fw_law law)
{
    struct fw_job_spec spec = spec_of(n);
    struct fw_initialize_response out;
    float *x = malloc(n * sizeof(*x));

    assert_non_null(x);
    for (uint64_t i = 0; i < n; i++)
        x[i] = (float)(i + 1);
    spec.controller.law = law;
    assert_int_equal(fw_job_init(job, &spec, 7, 0, NULL), FW_OK);
    assert_int_equal(
        fw_job_initialize(job, gather_of(job->pool, x, n), &out, NULL), FW_OK);
    assert_false(out.already_initialized);
    free(x);
}

fw_status job_join(struct fw_job *job, const char *name, uint8_t key,
                   int64_t now_ms, struct fw_join_response *out,
                   struct fw_err *err)
{
    struct fw_join_request r = {.wire_dtype = FW_DTYPE_F32,
                                .protocol_min = FW_PROTOCOL,
                                .protocol_max = FW_PROTOCOL};
    uint8_t session[FW_SESSION_BYTES];

    memset(session, key, sizeof(session));
    memcpy(r.worker, name, strlen(name) + 1);
    return fw_job_join(job, &r, session, now_ms, out, err);
}

fw_status job_push(struct fw_job *job, uint64_t epoch, uint64_t sequence,
                   uint64_t base, float value, struct fw_gradient_ack *ack)
{
    float *x = malloc(job->n_elements * sizeof(*x));
    struct fw_gather *g;

    assert_non_null(x);
    for (uint64_t i = 0; i < job->n_elements; i++)
        x[i] = value;
    g = gather_of(job->pool, x, job->n_elements);
    g->head.sequence = sequence;
    g->head.base_version = base;
    g->head.samples = 10;
    free(x);
    return fw_job_push(job, epoch, g, 0, ack, NULL);
}

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *byte = data;

    while (n--)
        h = (h ^ *byte++) * 0x100000001b3u;
    return h;
}

uint64_t job_hash(const struct fw_job *job)
{
    const struct fw_version *v = job->current;
    uint64_t h = 0xcbf29ce484222325u;

    if (v) {
        h = hash(h, &v->number, sizeof(v->number));
        for (uint32_t i = 0; i < v->n_blocks; i++)
            h = hash(h, v->blocks[i]->data,
                     fw_version_block_elements(v, i) * sizeof(float));
    }
    return hash(h, fw_job_peek_momentum_buffer(job),
                job->n_elements * sizeof(float));
}

int fixture_open(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    job_open(&f->job, FIXTURE_ELEMENTS, FW_LAW_COUNT);
    assert_int_equal(job_join(&f->job, "w", 1, 0, &f->join, NULL), FW_OK);
    *state = f;
    return 0;
}

int fixture_close(void **state)
{
    struct fixture *f = *state;

    fw_job_close(&f->job);
    fw_job_close(&f->job); /* safe twice */
    free(f);
    return 0;
}
