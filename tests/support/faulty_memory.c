#include "tests/support/faulty_memory.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>

#define TOKEN_LEAST 32 /* jansson's buffers double from there on */

#ifdef FW_WRAP_MEMORY
#define NAME(f)      __wrap_##f
#define REAL(f)      __real_##f
#define REAL_ALIGNED __real_aligned_alloc
void *NAME(malloc)(size_t n);
void *NAME(calloc)(size_t n, size_t size);
void *NAME(realloc)(void *p, size_t n);
void *NAME(aligned_alloc)(size_t alignment, size_t n);
#else
#define NAME(f)      f
#define REAL(f)      __libc_##f
#define REAL_ALIGNED __libc_memalign
#pragma GCC visibility push(default) /* libraries are to find them */
#endif

void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *p, size_t n);
void *REAL_ALIGNED(size_t alignment, size_t n);

static struct {
    bool on;
    unsigned long left; /* before the one that fails */
    bool sticky;
    bool happened;
    bool paused;
    bool spared;
    bool only_json;
} memory;

static bool fails(bool json)
{
    if (!memory.on || memory.paused || (memory.only_json && !json))
        return false;
    if (memory.left > 0) {
        memory.left--;
        return false;
    }
    memory.happened = true;
    memory.on = memory.sticky;
    return true;
}

void *NAME(malloc)(size_t n)
{
    return fails(false) ? NULL : REAL(malloc)(n);
}

void *NAME(calloc)(size_t n, size_t size)
{
    return fails(false) ? NULL : REAL(calloc)(n, size);
}

void *NAME(realloc)(void *p, size_t n)
{
    return fails(false) ? NULL : REAL(realloc)(p, n);
}

void *NAME(aligned_alloc)(size_t alignment, size_t n)
{
    return fails(false) ? NULL : REAL_ALIGNED(alignment, n);
}

#ifndef FW_WRAP_MEMORY
#pragma GCC visibility pop
#endif

static void *json_allocate(size_t n)
{
    bool token = memory.spared && n >= TOKEN_LEAST && (n & (n - 1)) == 0;

    return !token && fails(true) ? NULL : REAL(malloc)(n);
}

void faulty_memory_init(void)
{
    json_set_alloc_funcs(json_allocate, free);
}

void faulty_memory_start(unsigned long n, bool sticky)
{
    memory.left = n;
    memory.sticky = sticky;
    memory.happened = false;
    memory.on = true;
}

bool faulty_memory_stop(void)
{
    memory.on = false;
    return memory.happened;
}

void faulty_memory_pause(bool begins)
{
    memory.paused = begins;
}

void faulty_memory_spare_tokens(bool spared)
{
    memory.spared = spared;
}

void faulty_memory_only_json(bool only)
{
    memory.only_json = only;
}
