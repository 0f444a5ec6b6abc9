#include "sdk/wire/ring.h"

#include <string.h>

/* Who sleeps says so and looks once more; who moves a place looks afterwards
 * whether somebody sleeps.  In one order for all, one of them sees the other.
 */
#define ORDER __ATOMIC_SEQ_CST

bool fw_ring_filled(const struct fw_ring *r, size_t *n)
{
    uint64_t far = __atomic_load_n(&r->shared->written, ORDER) -
                   __atomic_load_n(&r->place, __ATOMIC_RELAXED);

    *n = (size_t)far;
    return far <= r->capacity;
}

bool fw_ring_room(const struct fw_ring *r, size_t *n)
{
    uint64_t held = __atomic_load_n(&r->place, __ATOMIC_RELAXED) -
                    __atomic_load_n(&r->shared->read, ORDER);

    *n = r->capacity - (size_t)held;
    return held <= r->capacity;
}

/* Bytes from the place on that lie in a row. */
static size_t in_a_row(const struct fw_ring *r, size_t n)
{
    size_t left = r->capacity - (size_t)(r->place & (r->capacity - 1));

    return n < left ? n : left;
}

static uint8_t *at(const struct fw_ring *r)
{
    return r->bytes + (r->place & (r->capacity - 1));
}

/* Was it set?  The first one to ask is who wakes. */
static bool take_flag(uint32_t *flag)
{
    return __atomic_load_n(flag, ORDER) && __atomic_exchange_n(flag, 0, ORDER);
}

bool fw_ring_get(struct fw_ring *r, void *to, size_t n)
{
    size_t first = in_a_row(r, n);
    size_t room = 0;

    memcpy(to, at(r), first);
    memcpy((uint8_t *)to + first, r->bytes, n - first);
    __atomic_store_n(&r->place, r->place + n, __ATOMIC_RELAXED);
    __atomic_store_n(&r->shared->read, r->place, ORDER);
    /* a writer that is woken for every byte sleeps more than it writes */
    return fw_ring_filled(r, &room) && room <= r->capacity / 2 &&
           take_flag(&r->shared->stuck);
}

bool fw_ring_put(struct fw_ring *r, const void *from, size_t n)
{
    size_t first = in_a_row(r, n);

    memcpy(at(r), from, first);
    memcpy(r->bytes, (const uint8_t *)from + first, n - first);
    __atomic_store_n(&r->place, r->place + n, __ATOMIC_RELAXED);
    __atomic_store_n(&r->shared->written, r->place, ORDER);
    return take_flag(&r->shared->hungry);
}

void fw_ring_hungry(struct fw_ring *r, bool is)
{
    __atomic_store_n(&r->shared->hungry, is, ORDER);
}

void fw_ring_stuck(struct fw_ring *r, bool is)
{
    __atomic_store_n(&r->shared->stuck, is, ORDER);
}
