/* slab.h - memory for blocks of parameters, cut from large pages.
 *
 * Blocks that malloc() gives lie in mappings of their own, too short for a
 * large page; a step that walks over small pages is slower by a fifth.
 *
 * Layer: server/job.  Thread: cut under the pool's lock; put by any.  A slab
 * lives while it is being cut or one of its pieces is held. */
#ifndef FW_JOB_SLAB_H
#define FW_JOB_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct fw_slab;

/* What is left of the slab that is being cut. */
struct fw_slab_cut {
    struct fw_slab *slab; /* a reference; NULL: there is none */
    size_t used;          /* bytes of it */
};

/* `bytes` on a 64-byte boundary, and in *slab a reference to what they lie in;
 * NULL if memory is out. */
void *fw_slab_cut(struct fw_slab_cut *cut, size_t bytes, struct fw_slab **slab);

/* Cut no more of it.  Safe twice and on zero. */
void fw_slab_cut_close(struct fw_slab_cut *cut);

/* NULL is nothing. */
void fw_slab_unref(struct fw_slab *s);

#endif
