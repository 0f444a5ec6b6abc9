#include "server/engine/job_thread.h"

#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

#define LETTERS_MAX 65536u
#define CHANGED_MS  100  /* so soon a snapshot follows what changed the job */
#define HEARD_MS    1000 /* and so soon a mere sign of life */

struct fw_job_thread {
    uint32_t refs; /* atomic */
    pthread_t thread;
    struct fw_mailbox mailbox;
    struct fw_thinker *thinker; /* lent; NULL: nobody runs the twin */
    bool thinking;              /* atomic; a run is under way */

    bool wanted; /* atomic; the thread waits for the baton: leave it */
    pthread_mutex_t baton;     /* guards what follows, till `stop_lock` */
    struct fw_job job;         /* read without it after stop */
    int64_t wake_ms;           /* when the thread looks up by itself */
    int64_t fresh_ms;          /* how old the snapshot may get; INT64_MAX: it
                                  shows the job as it is */
    int64_t snapshot_at_ms;    /* when the last one was made */
    struct fw_thought thought; /* scratch */

    pthread_mutex_t stop_lock; /* guards stopped */
    bool stopped;              /* or not begun */

    pthread_mutex_t lock;         /* guards what follows */
    struct fw_version *version;   /* ref; newest parameters */
    struct fw_snapshot *snapshot; /* ref; newest status */
};

void fw_snapshot_unref(struct fw_snapshot *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
        return;
    fw_job_status_close(&s->status);
    free(s);
}

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

    if (next_ms == INT64_MAX)
        return wait_ms;
    return wait_ms >= 0 && wait_ms < left_ms ? wait_ms : left_ms;
}

/* Letters, and what is due behind them; the baton is held. */
static void turn(struct fw_job_thread *t, struct fw_letter *l, int64_t now_ms)
{
    run_all(t, l, now_ms);
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

fw_status fw_job_thread_do(struct fw_job_thread *t, struct fw_letter *letter)
{
    int64_t now_ms;
    bool nudge;

    if (__atomic_load_n(&t->wanted, __ATOMIC_RELAXED) ||
        pthread_mutex_trylock(&t->baton))
        return fw_job_thread_post(t, letter);
    if (!fw_mailbox_idle(&t->mailbox)) {
        pthread_mutex_unlock(&t->baton);
        return fw_job_thread_post(t, letter);
    }
    letter->next = NULL;
    now_ms = fw_clock_mono_ms();
    turn(t, letter, now_ms);
    nudge = t->fresh_ms < t->wake_ms - now_ms; /* it sleeps till a lease ends */
    nudge = nudge || fw_job_next_ms(&t->job) < t->wake_ms;
    if (nudge)
        t->wake_ms = 0; /* once is enough */
    pthread_mutex_unlock(&t->baton);
    if (nudge)
        fw_mailbox_nudge(&t->mailbox);
    return FW_OK;
}

struct fw_version *fw_job_thread_version(struct fw_job_thread *t)
{
    struct fw_version *v;

    pthread_mutex_lock(&t->lock);
    v = t->version ? fw_version_ref(t->version) : NULL;
    pthread_mutex_unlock(&t->lock);
    return v;
}

struct fw_snapshot *fw_job_thread_snapshot(struct fw_job_thread *t)
{
    struct fw_snapshot *s;

    pthread_mutex_lock(&t->lock);
    s = t->snapshot;
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&t->lock);
    return s;
}

const char *fw_job_thread_name(const struct fw_job_thread *t)
{
    return t->job.spec.name;
}

const struct fw_job_spec *fw_job_thread_spec(const struct fw_job_thread *t)
{
    return &t->job.spec;
}

uint64_t fw_job_thread_n_elements(const struct fw_job_thread *t)
{
    return t->job.n_elements;
}

struct fw_pool *fw_job_thread_pool(struct fw_job_thread *t)
{
    return t->job.pool;
}

struct fw_quota *fw_job_thread_pace(struct fw_job_thread *t)
{
    return fw_quota_paces(&t->job.quota) ? &t->job.quota : NULL;
}

struct fw_job *fw_job_thread_job(struct fw_job_thread *t)
{
    return &t->job;
}
