#include "server/http/events.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/bytes.h"
#include "sdk/base/law.h"

#define MS 1000.0 /* in a second */

typedef unsigned long long ull; /* for printf */

void fw_event_ring_close(struct fw_event_ring *r)
{
    for (size_t i = 0; i < FW_EVENTS_KEPT; i++)
        free(r->ring[i].text);
    *r = (struct fw_event_ring){0};
}

/* What is told at one time. */
struct teller {
    struct fw_event_ring *ring;
    int64_t unix_ms;
};

/* Without memory an event has no words, but it is there. */
FW_PRINTF(3, 4)
static void tell(const struct teller *t, const char *name, const char *fmt, ...)
{
    struct fw_event *e = &t->ring->ring[t->ring->n++ % FW_EVENTS_KEPT];
    va_list args;

    free(e->text);
    *e = (struct fw_event){.unix_ms = t->unix_ms, .name = name};
    va_start(args, fmt);
    if (vasprintf(&e->text, fmt, args) < 0)
        e->text = NULL;
    va_end(args);
}

static void tell_worker(const struct teller *t,
                        const struct fw_worker_status *before,
                        const struct fw_worker_status *now)
{
    bool was_here = before && before->state == FW_WORKER_CONNECTED;

    if (!before)
        tell(t, "joined", "worker %s joined", now->name);
    if (now->quarantined && !(before && before->quarantined))
        tell(t, "quarantined",
             "worker %s is in quarantine after %llu poisoned gradients",
             now->name, (ull)now->strikes);
    if (before && before->quarantined && !now->quarantined)
        tell(t, "released", "worker %s was released from quarantine",
             now->name);
    if (now->state == FW_WORKER_LOST && (!before || was_here))
        tell(t, "lost", "worker %s was lost: nothing was heard of it",
             now->name);
    if (now->state == FW_WORKER_LEFT && (!before || was_here))
        tell(t, "left", "worker %s left after %llu gradients", now->name,
             (ull)now->gradients);
}

/* Both lists rise by epoch: walk them side by side. */
static void tell_workers(const struct teller *t,
                         const struct fw_job_status *before,
                         const struct fw_job_status *now)
{
    uint32_t i = 0;

    for (uint32_t k = 0; k < now->n_workers; k++) {
        const struct fw_worker_status *w = &now->worker[k];
        const struct fw_worker_status *old = NULL;

        for (; i < before->n_workers && before->worker[i].epoch < w->epoch; i++)
            ; /* forgotten since: it had gone before */
        if (i < before->n_workers && before->worker[i].epoch == w->epoch)
            old = &before->worker[i];
        tell_worker(t, old, w);
    }
}

static void tell_checkpoints(const struct teller *t,
                             const struct fw_job_status *before,
                             const struct fw_job_status *now)
{
    bool was_degraded = before->checkpoint_failures >= FW_DEGRADED_FROM;
    bool is_degraded = now->checkpoint_failures >= FW_DEGRADED_FROM;

    if (now->durable_version != before->durable_version ||
        (now->checkpoint[0] && !before->checkpoint[0]))
        tell(t, "checkpoint_saved", "version %llu is on disk",
             (ull)now->durable_version);
    if (now->checkpoint_failures > before->checkpoint_failures)
        tell(t, "checkpoint_failed", "a checkpoint could not be saved: %s",
             now->checkpoint_error);
    if (is_degraded && !was_degraded)
        tell(t, "degraded",
             "%u checkpoints in a row failed; training goes on unsaved",
             now->checkpoint_failures);
    if (was_degraded && !is_degraded)
        tell(t, "recovered", "checkpoints can be saved again");
}

void fw_events_compare(struct fw_event_ring *r,
                       const struct fw_job_status *before,
                       const struct fw_job_status *now, int64_t unix_ms)
{
    const struct teller t = {r, unix_ms};

    if (before->state == FW_JOB_WAITING && now->state == FW_JOB_TRAINING)
        tell(&t, "started", "the job has its first parameters");
    tell_workers(&t, before, now);
    tell_checkpoints(&t, before, now);
    if (now->momentum.law != before->momentum.law)
        tell(&t, "law_changed", "the law is %s, it was %s",
             fw_law_name(now->momentum.law), fw_law_name(before->momentum.law));
    if (now->momentum.loss_alarms > before->momentum.loss_alarms)
        tell(&t, "loss_alarm", "the loss rises at version %llu",
             (ull)now->version);
    if (now->groups != before->groups)
        tell(&t, "groups_changed", "%u groups step together, %u before",
             now->groups, before->groups);
}

void fw_events_begin(struct fw_event_ring *r, const struct fw_job_status *now,
                     int64_t unix_ms)
{
    const struct fw_job_status none = {
        .state = now->state,
        .momentum = {.law = now->momentum.law,
                     .loss_alarms = now->momentum.loss_alarms},
        .groups = now->groups,
        .durable_version = now->durable_version,
        .checkpoint = "-", /* an old one is no news */
    };
    const struct teller t = {r, unix_ms};

    if (now->durable_version)
        tell(&t, "opened", "the job goes on at version %llu of its checkpoint",
             (ull)now->durable_version);
    else
        tell(&t, "opened", "the job was created");
    fw_events_compare(r, &none, now, unix_ms);
}

json_t *fw_events_json(const struct fw_event_ring *r, uint64_t limit)
{
    uint64_t kept = r->n < FW_EVENTS_KEPT ? r->n : FW_EVENTS_KEPT;
    json_t *list = json_array();

    if (limit < kept)
        kept = limit;
    for (uint64_t i = r->n - kept; i < r->n; i++) {
        const struct fw_event *e = &r->ring[i % FW_EVENTS_KEPT];

        json_array_append_new(
            list, json_pack("{s:f, s:s, s:s}", "time", (double)e->unix_ms / MS,
                            "event", e->name, "text", e->text ? e->text : ""));
    }
    return json_pack("{s:o}", "events", list);
}
