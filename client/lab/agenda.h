/* agenda.h - what happens next: events in the order of their virtual time.
 *
 * A binary heap.  Events at one time come out in the order in which they were
 * put in, so that a run is the same on every machine.
 *
 * Layer: client/lab.  Thread: its owner's.  Zero is valid and empty. */
#ifndef FW_LAB_AGENDA_H
#define FW_LAB_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

struct fw_event_at {
    double time;     /* virtual, in mean service times */
    uint64_t number; /* in order of putting in; set by the agenda */
    uint32_t who;    /* the caller's: a worker, a change */
    uint32_t what;   /* the caller's: kind of event */
};

struct fw_agenda {
    struct fw_event_at *heap; /* owned */
    size_t n;
    size_t capacity;
    uint64_t number; /* of the last one put in */
};

void fw_agenda_close(struct fw_agenda *a);

/* FW_NOMEM changes nothing. */
FW_MUST_USE fw_status fw_agenda_put(struct fw_agenda *a, double time,
                                    uint32_t who, uint32_t what);

/* The earliest, taken out; false if there is none. */
bool fw_agenda_take(struct fw_agenda *a, struct fw_event_at *out);

/* Its time; infinity if there is none. */
double fw_agenda_next(const struct fw_agenda *a);

#endif
