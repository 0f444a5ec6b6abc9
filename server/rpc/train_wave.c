#include "server/rpc/train_wave.h"

#include "sdk/base/clock.h"
#include "server/rpc/server.h"
#include "server/rpc/train_outbox.h"

/* Others would wait for longer ones in vain (job_thread.c). */
#define LONGEST_US 1000000

/* Where lanes share cores, a step beside the next gradient's coming is worth
 * more than one that reads less. */
static bool has_core(const struct fw_train *t)
{
    const struct fw_lanes *lanes = &t->call->server->lanes;

    return fw_lanes_few(lanes) ||
           __atomic_load_n(&lanes->awake, __ATOMIC_RELAXED) == 1;
}

/* Did the last gradient come so fast?  (MB/s are bytes of a microsecond.) */
static bool is_quick(const struct fw_train *t)
{
    uint64_t bytes = fw_job_thread_n_elements(t->job) * sizeof(float);
    uint64_t least = t->call->server->wave_mb_per_second;

    return least && t->quick_us && t->quick_us <= LONGEST_US &&
           bytes / (uint64_t)t->quick_us >= least;
}

void fw_train_begin(struct fw_train *t, const struct fw_gradient_head *head)
{
    t->gather->head = *head;
    t->begun_us = fw_clock_mono_us();
    t->early = false;
    t->shown = 0;
    if (t->call->lane && t->key.resends && !t->pace && has_core(t) &&
        is_quick(t))
        (void)fw_job_thread_wave(t->job, t->epoch, t->gather);
}

void fw_train_advance(struct fw_train *t)
{
    struct fw_version *next;
    uint32_t n;

    if (!t->gather->wave)
        return;
    n = fw_wave_step(t->gather->wave, t->gather, &next);
    if (n > t->shown && t->gather->head.want_parameters)
        fw_train_show(t, next, t->shown, n, &t->early);
    t->shown = n > t->shown ? n : t->shown;
}

void fw_train_whole(struct fw_train *t)
{
    int64_t took_us = fw_clock_mono_us() - t->begun_us;

    t->quick_us = took_us > 0 ? took_us : 1;
}
