/* mem.h - allocation that checks its arithmetic.
 *
 * Layer: sdk/base.  Thread: any.  The caller owns what is returned and ends it
 * with free().  NULL means out of memory or a size that does not fit. */
#ifndef FW_BASE_MEM_H
#define FW_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* `n` zeroed items of `size` bytes; never NULL for n = 0 if memory is left. */
void *fw_mem_array(size_t n, size_t size);

/* `n` items of `size` bytes, not zeroed, on a 64-byte boundary. */
void *fw_mem_aligned(size_t n, size_t size);

/* The same for a moment's work.  Many bytes come from the system and go back to
 * it at once: freed ones would lie idle, in the arena of each thread that ever
 * did such work.  *bytes is for the return. */
void *fw_mem_borrow(size_t n, size_t size, size_t *bytes);
void fw_mem_return(void *p, size_t bytes); /* NULL: nothing */

/* These bytes are many and much used: ask the kernel for large pages below
 * them.  Does nothing for few. */
void fw_mem_huge(void *p, size_t bytes);

/* Give back to the system what was freed and lies idle, if that is worth the
 * walk: some milliseconds.  True: something was given back. */
bool fw_mem_trim(void);

/* Grow `*items` (of `size` bytes each) so that `need` fit; the capacity at
 * least doubles.  On 0 items are kept and moved; on -1 nothing has changed. */
int fw_mem_grow(void *items, size_t *capacity, size_t need, size_t size);

#endif
