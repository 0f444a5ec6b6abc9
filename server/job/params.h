/* params.h - parameters as immutable, counted versions made of pooled blocks.
 *
 * A gradient is gathered into blocks of its own.  A step reads the current
 * version w, the momentum buffer u and the gradient g, and writes the next
 * version INTO g's blocks, which are warm in the cache; so a step needs no
 * third buffer, and the old version's blocks go back to the pool when the last
 * reader lets go of them, block by block.
 *
 * Layer: server/job.  Thread: pools, blocks and versions may be referenced and
 * released from any thread; contents are written by one owner before publish
 * and never after. */
#ifndef FW_JOB_PARAMS_H
#define FW_JOB_PARAMS_H

#include <stdbool.h>

#include "sdk/base/status.h"
#include "sdk/wire/chunk.h"
#include "sdk/wire/tensor.h"

/* One chunk's worth of floats. */
#define FW_BLOCK_ELEMENTS FW_CHUNK_ELEMENTS

struct fw_pool;
struct fw_slab;
struct fw_wave;

struct fw_block {
    struct fw_pool *pool;  /* ref */
    struct fw_block *next; /* used by the pool only */
    uint32_t refs;         /* atomic */
    struct fw_slab *slab;  /* ref; what the data lies in */
    float *data;           /* 64-byte aligned, pool's block size */
};

/* A pool whose blocks hold min(n_elements, FW_BLOCK_ELEMENTS) floats and whose
 * blocks in use never exceed `cap_bytes`.  Counted: blocks keep it alive. */
FW_MUST_USE fw_status fw_pool_create(uint64_t n_elements, uint64_t cap_bytes,
                                     struct fw_pool **out);
struct fw_pool *fw_pool_ref(struct fw_pool *p);
void fw_pool_unref(struct fw_pool *p);
uint64_t fw_pool_bytes_in_use(struct fw_pool *p);
uint64_t fw_pool_cap_bytes(const struct fw_pool *p);

struct fw_block *fw_block_ref(struct fw_block *b);
void fw_block_unref(struct fw_block *b);

/* An immutable state of all parameters.  Counted. */
struct fw_version {
    uint32_t refs;   /* atomic */
    uint64_t number; /* 0 for the initial parameters */
    uint64_t n_elements;
    uint32_t n_blocks;
    struct fw_block *blocks[]; /* ref each */
};

struct fw_version *fw_version_ref(struct fw_version *v);
void fw_version_unref(struct fw_version *v);

/* Elements of block i (the last one may be shorter). */
uint32_t fw_version_block_elements(const struct fw_version *v, uint32_t i);

/* A gradient (or initial parameters) on its way in.  One owner at a time: the
 * reading call, then the job. */
struct fw_gather {
    enum fw_dtype dtype;
    uint64_t n_elements;
    uint64_t filled; /* elements so far */
    struct fw_gather_check check;
    struct fw_gradient_head head; /* of the first chunk */
    struct fw_wave *wave; /* lent by the job: steps what comes; NULL: none */
    uint32_t n_blocks;
    struct fw_block *blocks[]; /* ref each; all there from the start */
};

/* Called (any thread, no lock held) when a waiting reservation was granted;
 * the gather is NULL if memory ran out. */
struct fw_gather_waiter {
    void (*granted)(struct fw_gather_waiter *w, struct fw_gather *g);
    struct fw_gather_waiter *next; /* used by the pool only */
    uint64_t n_elements;           /* set by create */
    enum fw_dtype dtype;           /* set by create */
};

/* Reserve room for a whole gradient, so that one that has begun can always be
 * finished.  FW_OK: *out is the caller's.  FW_BUSY: the pool is at its cap and
 * `w` waits in line, first come first served; `granted` will be called.  With
 * `w` NULL nobody waits and the cap is passed over.
 * FW_NOMEM: nothing happened. */
FW_MUST_USE fw_status fw_gather_create(struct fw_pool *p, uint64_t n_elements,
                                       enum fw_dtype dtype,
                                       struct fw_gather_waiter *w,
                                       struct fw_gather **out);

/* The same for who does not wait; NULL: there is no room now, or others are in
 * line for it. */
struct fw_gather *fw_gather_try(struct fw_pool *p, uint64_t n_elements,
                                enum fw_dtype dtype);

/* Take a waiter out of the line; false if it was granted already (then
 * `granted` has run or is running). */
bool fw_gather_cancel(struct fw_pool *p, struct fw_gather_waiter *w);

/* Add a chunk of any length that lies at element `offset`.  CHUNK_INVALID (a
 * gap, behind the end, not whole elements) changes nothing; with top-k the
 * gather is then of no use but to be closed. */
FW_MUST_USE fw_status fw_gather_add(struct fw_gather *g, uint64_t offset,
                                    const struct fw_run *run,
                                    struct fw_err *err);
/* Where the `n` elements at `offset` belong that come next, for who can put
 * them there without a copy; NULL: give them to fw_gather_add.  Floats only. */
float *fw_gather_land(struct fw_gather *g, uint64_t offset, size_t n);

/* They are there. */
void fw_gather_landed(struct fw_gather *g, size_t n);

/* Every element of a complete one times `factor`. */
void fw_gather_scale(struct fw_gather *g, double factor);
bool fw_gather_complete(const struct fw_gather *g);
void fw_gather_close(struct fw_gather *g);

/* Take blocks' worth of n_elements out of the pool's cap for what lies beside
 * it, or give it back.  False: there is no room now, or others wait for it. */
FW_MUST_USE bool fw_pool_claim(struct fw_pool *p, uint64_t n_elements);
void fw_pool_unclaim(struct fw_pool *p, uint64_t n_elements);

/* Do gradients wait for room? */
bool fw_pool_has_line(struct fw_pool *p);

/* Gradients that are on their way or wait for room to be. */
uint64_t fw_pool_gathers(struct fw_pool *p);

/* For gathers: one is none any more. */
void fw_pool_gathered(struct fw_pool *p);

/* A version that shares the gather's blocks, which go on being filled by one
 * owner before it is published; NULL without memory. */
struct fw_version *fw_version_of_gather(const struct fw_gather *g,
                                        uint64_t number);

/* A complete gather becomes a version; its blocks move.  `g` is closed.
 * FW_NOMEM leaves `g` as it was. */
FW_MUST_USE fw_status fw_version_from_gather(struct fw_gather *g,
                                             uint64_t number,
                                             struct fw_version **out);

#endif
