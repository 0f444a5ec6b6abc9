#include "client/lab/agenda.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"

static bool before(const struct fw_event_at *a, const struct fw_event_at *b)
{
    return a->time < b->time || (a->time == b->time && a->number < b->number);
}

void fw_agenda_close(struct fw_agenda *a)
{
    free(a->heap);
    *a = (struct fw_agenda){0};
}

fw_status fw_agenda_put(struct fw_agenda *a, double time, uint32_t who,
                        uint32_t what)
{
    struct fw_event_at e = {time, a->number + 1, who, what};
    size_t i;

    if (fw_mem_grow(&a->heap, &a->capacity, a->n + 1, sizeof(*a->heap)))
        return FW_NOMEM;
    a->number++;
    for (i = a->n++; i > 0 && before(&e, &a->heap[(i - 1) / 2]);
         i = (i - 1) / 2)
        a->heap[i] = a->heap[(i - 1) / 2];
    a->heap[i] = e;
    return FW_OK;
}

bool fw_agenda_take(struct fw_agenda *a, struct fw_event_at *out)
{
    struct fw_event_at last;
    size_t i = 0;

    if (a->n == 0)
        return false;
    *out = a->heap[0];
    last = a->heap[--a->n];
    while (2 * i + 1 < a->n) {
        size_t child = 2 * i + 1;

        if (child + 1 < a->n && before(&a->heap[child + 1], &a->heap[child]))
            child++;
        if (!before(&a->heap[child], &last))
            break;
        a->heap[i] = a->heap[child];
        i = child;
    }
    a->heap[i] = last;
    return true;
}

double fw_agenda_next(const struct fw_agenda *a)
{
    return a->n ? a->heap[0].time : INFINITY;
}
