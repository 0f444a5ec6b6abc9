/* ring.h - bytes one way through shared memory: one writer, one reader.
 *
 * Places count bytes since the beginning and only grow: the reader's, the
 * writer's, and their distance is what the ring holds.  What is in the memory
 * may change under our eyes if the other end is hostile.
 *
 * Layer: sdk/wire.  Thread: the reader's functions by one, the writer's by one.
 * Lives inside a pipe_ring.c. */
#ifndef FW_WIRE_RING_H
#define FW_WIRE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_RING_LINE 64 /* bytes that move between cores together */

/* In the shared memory; what different sides write lies apart. */
struct fw_ring_shared {
    _Alignas(FW_RING_LINE) uint64_t written; /* atomic; the writer's place */
    _Alignas(FW_RING_LINE) uint64_t read;    /* atomic; the reader's place */
    _Alignas(FW_RING_LINE) uint32_t hungry;  /* atomic; the reader sleeps */
    _Alignas(FW_RING_LINE) uint32_t stuck;   /* atomic; the writer sleeps */
};

/* One end of a ring; the memory is the pipe's. */
struct fw_ring {
    struct fw_ring_shared *shared;
    uint8_t *bytes;
    size_t capacity; /* a power of two */
    uint64_t place;  /* atomic: others may look; nobody else can move it */
};

/* What a reader may take, or a writer put: 0 to the capacity.  False: the other
 * end's place cannot be. */
bool fw_ring_filled(const struct fw_ring *r, size_t *n);
bool fw_ring_room(const struct fw_ring *r, size_t *n);

/* Copy n bytes, which are there.  True: wake the writer. */
bool fw_ring_get(struct fw_ring *r, void *to, size_t n);

/* Copy n bytes, for which there is room.  True: wake the reader. */
bool fw_ring_put(struct fw_ring *r, const void *from, size_t n);

/* The reader, the writer, is about to sleep, or has woken.  Look again after
 * having said so. */
void fw_ring_hungry(struct fw_ring *r, bool is);
void fw_ring_stuck(struct fw_ring *r, bool is);

#endif
