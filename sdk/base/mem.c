#include "sdk/base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT  64u
#define TRIM_LEAST (4u << 20)   /* bytes that lie free and are worth a walk */
#define LOAN_LEAST (1u << 20)   /* bytes that are borrowed of the system */
#define HUGE_LEAST (256u << 10) /* bytes; neighbours make a large page */

void *fw_mem_array(size_t n, size_t size)
{
    return calloc(n ? n : 1, size);
}

void *fw_mem_aligned(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return aligned_alloc(ALIGNMENT, bytes ? bytes : ALIGNMENT);
}

void fw_mem_huge(void *p, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (page - (uintptr_t)p % page) % page; /* to the next page */

    if (bytes >= HUGE_LEAST) /* a hint: what comes of it does not matter */
        (void)madvise((char *)p + before, (bytes - before) / page * page,
                      MADV_HUGEPAGE);
}

void *fw_mem_borrow(size_t n, size_t size, size_t *bytes)
{
    void *p;

    if (__builtin_mul_overflow(n, size, bytes))
        return NULL;
    if (*bytes < LOAN_LEAST)
        return fw_mem_aligned(n, size);
    p = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    fw_mem_huge(p, *bytes);
    return p;
}

void fw_mem_return(void *p, size_t bytes)
{
    if (bytes < LOAN_LEAST)
        free(p);
    else if (p)
        (void)munmap(p, bytes);
}

bool fw_mem_trim(void)
{
    return mallinfo2().fordblks >= TRIM_LEAST && malloc_trim(0);
}

int fw_mem_grow(void *items, size_t *capacity, size_t need, size_t size)
{
    size_t want = *capacity * 2 > need ? *capacity * 2 : need;
    void *old;
    void *grown;

    if (need <= *capacity)
        return 0;
    memcpy(&old, items, sizeof(old));
    grown = reallocarray(old, want, size);
    if (!grown)
        return -1;
    memcpy(items, &grown, sizeof(grown));
    *capacity = want;
    /* cppcheck-suppress memleak ; *items holds it */
    return 0;
}
