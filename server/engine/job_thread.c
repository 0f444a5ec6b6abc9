#include "server/engine/job_thread_own.h"

#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "server/engine/departures.h"

#define LETTERS_MAX 65536u
#define CHANGED_MS  100  /* so soon a snapshot follows what changed the job */
#define HEARD_MS    1000 /* and so soon a mere sign of life */
#define STALL_MS    50   /* longer a wave that stands still is not waited for */
#define WAVE_MS     250  /* and one that moves not longer */
#define LINE_MS     100  /* looks at one that others wait for in line */

/* Put a new snapshot up; false without memory: then the old one stays, and the
 * next turn tries again. */
static bool publish_status(struct fw_job_thread *t, int64_t now_ms)
{
    struct fw_snapshot *s = fw_mem_array(1, sizeof(*s));
    struct fw_snapshot *old;

    t->snapshot_at_ms = now_ms;
    if (!s)
        return false;
    s->refs = 1;
    if (fw_job_status(&t->job, now_ms, &s->status) != FW_OK) {
        free(s);
        return false;
    }
    pthread_mutex_lock(&t->lock);
    old = t->snapshot;
    s->number = old ? old->number + 1 : 1;
    t->snapshot = s;
    pthread_mutex_unlock(&t->lock);
    if (old)
        fw_departures_tell(&old->status, &s->status);
    fw_snapshot_unref(old);
    t->fresh_ms = INT64_MAX;
    return true;
}

void fw_job_thread_publish(struct fw_job_thread *t)
{
    struct fw_version *old = t->version; /* only this thread writes it */

    if (t->job.current == old)
        return;
    pthread_mutex_lock(&t->lock);
    t->version = fw_version_ref(t->job.current);
    pthread_mutex_unlock(&t->lock);
    fw_version_unref(old);
}

/* Something has happened that the next snapshot shows. */
static void want_snapshot(struct fw_job_thread *t, int64_t within_ms)
{
    if (t->fresh_ms > within_ms)
        t->fresh_ms = within_ms;
}

static void drop_all(struct fw_letter *l)
{
    while (l) {
        struct fw_letter *next = l->next;

        l->drop(l);
        l = next;
    }
}

static void run_all(struct fw_job_thread *t, struct fw_letter *l,
                    int64_t now_ms)
{
    while (l) {
        struct fw_letter *next = l->next;
        void (*after)(struct fw_letter *) = l->after;
        uint32_t connected = t->job.sessions.connected;
        bool quiet = l->quiet;

        l->run(l, &t->job, now_ms);
        quiet = quiet && connected == t->job.sessions.connected;
        want_snapshot(t, quiet ? HEARD_MS : CHANGED_MS);
        fw_job_thread_publish(t);
        if (after) {
            (void)publish_status(t, now_ms);
            after(l);
        }
        l = next;
    }
}

/* Have thought about what is due.  One thought at a time, however often
 * membership changes meanwhile: the result's letter brings us back here. */
static void think(struct fw_job_thread *t, int64_t now_ms)
{
    if (!t->thinker || __atomic_load_n(&t->thinking, __ATOMIC_ACQUIRE) ||
        !fw_job_take_thought(&t->job, now_ms, &t->thought))
        return;
    __atomic_store_n(&t->thinking, true, __ATOMIC_RELAXED);
    t->thinker->think(t->thinker, t, &t->thought);
}

/* How long to wait for a letter: a snapshot or a group's deadline may be due
 * before one comes. */
static int64_t patience(const struct fw_job_thread *t, int64_t now_ms)
{
    int64_t next_ms = fw_job_next_ms(&t->job);
    int64_t wait_ms = t->fresh_ms < INT64_MAX ? t->fresh_ms : -1;
    int64_t left_ms = next_ms > now_ms ? next_ms - now_ms : 0;

    if (fw_job_has_line(&t->job) && (wait_ms < 0 || wait_ms > LINE_MS))
        wait_ms = LINE_MS;
    if (next_ms == INT64_MAX)
        return wait_ms;
    return wait_ms >= 0 && wait_ms < left_ms ? wait_ms : left_ms;
}

/* Letters, and what is due behind them; the baton is held. */
static void turn(struct fw_job_thread *t, struct fw_letter *l, int64_t now_ms)
{
    run_all(t, l, now_ms);
    fw_job_relieve(&t->job, now_ms);
    if (fw_job_next_ms(&t->job) <= now_ms) {
        fw_job_tick(&t->job, now_ms);
        want_snapshot(t, CHANGED_MS);
    }
    think(t, now_ms);
    if (now_ms - t->snapshot_at_ms >= t->fresh_ms)
        (void)publish_status(t, now_ms);
}

static void take_baton(struct fw_job_thread *t)
{
    __atomic_store_n(&t->wanted, true, __ATOMIC_RELAXED);
    pthread_mutex_lock(&t->baton);
    __atomic_store_n(&t->wanted, false, __ATOMIC_RELAXED);
}

static bool has_step(const struct fw_letter *l)
{
    for (; l; l = l->next) {
        if (l->steps)
            return true;
    }
    return false;
}

/* A step that is made while its gradient comes goes before others, as long as
 * it moves; who stops in the middle is not waited for, and the next step breaks
 * it.  Lets go of the baton meanwhile. */
static void let_wave_end(struct fw_job_thread *t)
{
    int64_t begun_ms = fw_clock_mono_ms();
    int64_t moved_ms = begun_ms;
    int64_t now_ms = begun_ms;
    uint64_t seen = 0;
    uint64_t now;

    __atomic_store_n(&t->wanted, true, __ATOMIC_RELAXED);
    while ((now = fw_wave_progress(&t->job.wave)) != 0 &&
           now_ms - moved_ms < STALL_MS && now_ms - begun_ms < WAVE_MS) {
        struct timespec until = fw_clock_mono_after_ms(STALL_MS);

        seen = now;
        (void)pthread_cond_timedwait(&t->ended, &t->baton, &until);
        now_ms = fw_clock_mono_ms();
        if (fw_wave_progress(&t->job.wave) != seen)
            moved_ms = now_ms;
    }
    __atomic_store_n(&t->wanted, false, __ATOMIC_RELAXED);
}

/* How long to wait, as patience(), which is noted. */
static int64_t plan(struct fw_job_thread *t, int64_t now_ms)
{
    int64_t wait_ms = patience(t, now_ms);

    t->wake_ms = wait_ms < 0 ? INT64_MAX : now_ms + wait_ms;
    return wait_ms;
}

/* Until the box is shut: take all letters, run them, publish. */
static void *work(void *arg)
{
    struct fw_job_thread *t = arg;
    int64_t now_ms = fw_clock_mono_ms();
    bool shut = false;

    take_baton(t);
    while (!shut) {
        int64_t wait_ms = plan(t, now_ms);
        struct fw_letter *l;

        pthread_mutex_unlock(&t->baton);
        l = fw_mailbox_take_all(&t->mailbox, wait_ms, &shut);
        take_baton(t);
        if (has_step(l))
            let_wave_end(t);
        now_ms = fw_clock_mono_ms();
        if (!shut) {
            turn(t, l, now_ms);
        } else {
            drop_all(l);
            fw_job_drop_held(&t->job);
        }
    }
    pthread_mutex_unlock(&t->baton);
    return NULL;
}

static void destroy(struct fw_job_thread *t)
{
    fw_version_unref(t->version);
    fw_snapshot_unref(t->snapshot);
    fw_job_close(&t->job);
    fw_mailbox_close(&t->mailbox);
    pthread_mutex_destroy(&t->lock);
    pthread_mutex_destroy(&t->stop_lock);
    pthread_cond_destroy(&t->ended);
    pthread_mutex_destroy(&t->baton);
    free(t);
}

fw_status fw_job_thread_create(const struct fw_job_spec *spec,
                               uint64_t incarnation, struct fw_job_thread **out,
                               struct fw_err *err)
{
    struct fw_job_thread *t = fw_mem_array(1, sizeof(*t));
    fw_status s;

    *out = NULL;
    if (!t || fw_mailbox_init(&t->mailbox, LETTERS_MAX) != FW_OK) {
        free(t);
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another job");
    }
    t->refs = 1;
    t->stopped = true;
    t->fresh_ms = INT64_MAX;
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->stop_lock, NULL);
    pthread_mutex_init(&t->baton, NULL);
    (void)fw_clock_mono_cond(&t->ended);
    s = fw_job_init(&t->job, spec, incarnation, fw_clock_mono_ms(), err);
    if (s != FW_OK) {
        destroy(t);
        return s;
    }
    *out = t;
    return FW_OK;
}

void fw_job_thread_set_thinker(struct fw_job_thread *t,
                               struct fw_thinker *thinker)
{
    t->thinker = thinker;
}

void fw_job_thread_thought(struct fw_job_thread *t)
{
    __atomic_store_n(&t->thinking, false, __ATOMIC_RELEASE);
}

fw_status fw_job_thread_run(struct fw_job_thread *t, struct fw_err *err)
{
    if (!publish_status(t, fw_clock_mono_ms()))
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another job");
    fw_job_thread_publish(t);
    t->stopped = false; /* the thread is not seen before it runs */
    if (pthread_create(&t->thread, NULL, work, t)) {
        t->stopped = true;
        return FW_REFUSE(err, OVERLOADED, "cannot start a thread for the job");
    }
    return FW_OK;
}

struct fw_job_thread *fw_job_thread_ref(struct fw_job_thread *t)
{
    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void fw_job_thread_unref(struct fw_job_thread *t)
{
    if (t && __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0)
        destroy(t);
}

void fw_job_thread_stop(struct fw_job_thread *t)
{
    pthread_mutex_lock(&t->stop_lock);
    if (!t->stopped) {
        fw_mailbox_shut(&t->mailbox);
        pthread_join(t->thread, NULL);
        take_baton(t); /* from who ran a letter at once */
        pthread_mutex_unlock(&t->baton);
        t->stopped = true;
    }
    pthread_mutex_unlock(&t->stop_lock);
}

fw_status fw_job_thread_post(struct fw_job_thread *t, struct fw_letter *letter)
{
    return fw_mailbox_post(&t->mailbox, letter);
}

/* Take the baton if the job rests. */
static bool try_baton(struct fw_job_thread *t)
{
    if (__atomic_load_n(&t->wanted, __ATOMIC_RELAXED) ||
        pthread_mutex_trylock(&t->baton))
        return false;
    if (fw_mailbox_idle(&t->mailbox))
        return true;
    pthread_mutex_unlock(&t->baton);
    return false;
}

/* Run a letter with the baton, and give that back. */
static void run_here(struct fw_job_thread *t, struct fw_letter *letter)
{
    int64_t now_ms = fw_clock_mono_ms();
    bool nudge;

    letter->next = NULL;
    turn(t, letter, now_ms);
    nudge = t->fresh_ms < t->wake_ms - now_ms; /* it sleeps till a lease ends */
    nudge = nudge || fw_job_next_ms(&t->job) < t->wake_ms;
    if (nudge)
        t->wake_ms = 0; /* once is enough */
    pthread_mutex_unlock(&t->baton);
    if (nudge)
        fw_mailbox_nudge(&t->mailbox);
}

fw_status fw_job_thread_do(struct fw_job_thread *t, struct fw_letter *letter)
{
    if (!try_baton(t))
        return fw_job_thread_post(t, letter);
    if (fw_wave_progress(&t->job.wave)) {
        pthread_mutex_unlock(&t->baton);
        return fw_job_thread_post(t, letter);
    }
    run_here(t, letter);
    return FW_OK;
}

bool fw_job_thread_wave(struct fw_job_thread *t, uint64_t epoch,
                        struct fw_gather *g)
{
    bool begun;

    if (!try_baton(t))
        return false;
    begun = fw_job_wave(&t->job, epoch, g, fw_clock_mono_ms());
    pthread_mutex_unlock(&t->baton);
    return begun;
}

fw_status fw_job_thread_end_wave(struct fw_job_thread *t,
                                 struct fw_letter *letter)
{
    pthread_mutex_lock(&t->baton);
    if (fw_mailbox_is_shut(&t->mailbox)) {
        pthread_mutex_unlock(&t->baton);
        return FW_CLOSED;
    }
    pthread_cond_signal(&t->ended);
    run_here(t, letter);
    return FW_OK;
}

void fw_job_thread_look(struct fw_job_thread *t)
{
    fw_mailbox_nudge(&t->mailbox);
}
