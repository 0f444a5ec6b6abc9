/* A worker that does nothing but rounds, on flywheel's public library:
 *
 *     rounds ADDRESS JOB NAME ELEMENTS f32|bf16|int8|topk lane|local|grpc */
#include <flywheel/flywheel.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/worker.h"

#define TOPK_SHARE 0.01

struct rounds {
    struct fw_worker *worker; /* owned */
    float *parameters;        /* owned */
    float *gradient;          /* owned */
    uint64_t version;         /* of `parameters` */
    struct fw_err err;        /* why a round failed */
};

static bool run_round(void *user)
{
    struct rounds *r = user;
    struct fw_gradient g = {.values = r->gradient,
                            .base_version = r->version,
                            .samples = 1,
                            .loss = 1.0};
    struct fw_ack ack = {0};

    if (fw_worker_round(r->worker, &g, r->parameters, &ack, &r->err) != FW_OK)
        return false;
    r->version = ack.version;
    return true;
}

static bool fill(struct rounds *r, size_t n)
{
    r->parameters = calloc(n, sizeof(float));
    r->gradient = calloc(n, sizeof(float));
    if (!r->parameters || !r->gradient)
        return false;
    for (size_t i = 0; i < n; i++)
        r->gradient[i] = 1e-3f;
    return true;
}

static enum fw_dtype dtype_of(const char *word)
{
    if (strcmp(word, "bf16") == 0)
        return FW_DTYPE_BF16;
    if (strcmp(word, "int8") == 0)
        return FW_DTYPE_INT8;
    return strcmp(word, "topk") == 0 ? FW_DTYPE_TOPK : FW_DTYPE_F32;
}

int main(int argc, char **argv)
{
    struct fw_worker_options o;
    struct rounds r = {0};
    uint64_t n;
    bool ok = false;

    if (argc != 7) {
        fputs("usage: rounds ADDRESS JOB NAME ELEMENTS f32|bf16|int8|topk "
              "lane|local|grpc\n",
              stderr);
        return 2;
    }
    /* As docs/performance.md advises programs with large models. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
    n = strtoull(argv[4], NULL, 10);
    struct fw_tensor tensor = {"w", 1, {n}};

    fw_worker_options_init(&o, sizeof(o));
    o.address = argv[1];
    o.job = argv[2];
    o.name = argv[3];
    o.tensors = &tensor;
    o.n_tensors = 1;
    o.wire_dtype = dtype_of(argv[5]);
    o.wire_share = TOPK_SHARE;
    o.grpc_only = strcmp(argv[6], "grpc") == 0;
    o.no_local = strcmp(argv[6], "local") != 0;
    if (fill(&r, n)) {
        o.initial = r.parameters;
        ok = fw_worker_open(&o, &r.worker, &r.err) == FW_OK &&
             fw_worker_pull(r.worker, r.parameters, &r.version, &r.err) ==
                 FW_OK &&
             bench_worker(run_round, &r);
    }
    if (!ok)
        fprintf(stderr, "rounds: %s %s\n", r.err.reason, r.err.text);
    fw_worker_close(r.worker);
    free(r.parameters);
    free(r.gradient);
    return ok ? 0 : 1;
}
