/* job_thread.h - the one thread that owns a job, and what others may see of it.
 *
 * The thread lends the job to who brings a short letter while it rests
 * (fw_job_thread_do): one thread at a time has the baton.
 *
 * Others post letters and read what was published: the current parameters and
 * a snapshot of the status, both immutable and counted.
 *
 * Layer: server/engine.  Thread: any, unless said.  Counted: the table of jobs
 * and every call that works with the job hold a reference. */
#ifndef FW_ENGINE_JOB_THREAD_H
#define FW_ENGINE_JOB_THREAD_H

#include "server/engine/mailbox.h"
#include "server/job/job.h"

struct fw_job_thread;

/* Who thinks for a job, off its thread. */
struct fw_thinker {
    /* Job thread: run a copy of `thought`, and give it back to `t` by a letter.
     * Must not wait; may do nothing.  It is not asked again before
     * fw_job_thread_thought, which it owes in any case. */
    void (*think)(struct fw_thinker *thinker, struct fw_job_thread *t,
                  const struct fw_thought *thought);
};

/* A status that will not change.  Counted. */
struct fw_snapshot {
    uint32_t refs;               /* atomic */
    uint64_t number;             /* rises by one with each publication */
    struct fw_job_status status; /* owned */
};

void fw_snapshot_unref(struct fw_snapshot *s);

/* A new job whose thread does not run yet; `spec` is copied and was checked. */
FW_MUST_USE fw_status fw_job_thread_create(const struct fw_job_spec *spec,
                                           uint64_t incarnation,
                                           struct fw_job_thread **out,
                                           struct fw_err *err);

/* Before it runs: who thinks for it; lent for its life.  NULL: nobody. */
void fw_job_thread_set_thinker(struct fw_job_thread *t,
                               struct fw_thinker *thinker);

/* Any thread: the run that the thinker was asked for is over, with a result or
 * without; it may be asked for the next. */
void fw_job_thread_thought(struct fw_job_thread *t);

/* Start its thread, once.  OVERLOADED, OUT_OF_MEMORY: it does not run. */
FW_MUST_USE fw_status fw_job_thread_run(struct fw_job_thread *t,
                                        struct fw_err *err);
struct fw_job_thread *fw_job_thread_ref(struct fw_job_thread *t);
void fw_job_thread_unref(struct fw_job_thread *t);

/* Take no more letters, drop those in the box, wait for the thread's end.  The
 * job stays readable until the last reference is gone.  Safe twice; not on the
 * job's own thread. */
void fw_job_thread_stop(struct fw_job_thread *t);

/* As fw_mailbox_post. */
FW_MUST_USE fw_status fw_job_thread_post(struct fw_job_thread *t,
                                         struct fw_letter *letter);

/* The same, but run it here and now if the job has nothing else to do: for
 * short letters, whose sender would have to wait for another thread to wake.
 * May be called while no lock is held. */
FW_MUST_USE fw_status fw_job_thread_do(struct fw_job_thread *t,
                                       struct fw_letter *letter);

/* Have a gradient that is about to come stepped as it comes (fw_job_wave), if
 * nobody else has something for the job to do. */
bool fw_job_thread_wave(struct fw_job_thread *t, uint64_t epoch,
                        struct fw_gather *g);

/* The letter that ends a wave: run it here and now, before others, who have
 * waited for it.  FW_CLOSED: the job has ended.  May wait for a step. */
FW_MUST_USE fw_status fw_job_thread_end_wave(struct fw_job_thread *t,
                                             struct fw_letter *letter);

/* Gradients wait for room: the job's thread is to see that it comes. */
void fw_job_thread_look(struct fw_job_thread *t);

/* The job's own thread: show the newest parameters now.  A letter that answers
 * a client does so before the answer, so that who was told of a version can
 * pull it; after every letter it is done anyhow. */
void fw_job_thread_publish(struct fw_job_thread *t);

/* A reference to the newest parameters; NULL while there are none. */
struct fw_version *fw_job_thread_version(struct fw_job_thread *t);

/* A reference to the newest snapshot; never NULL. */
struct fw_snapshot *fw_job_thread_snapshot(struct fw_job_thread *t);

/* What never changes in a job. */
const char *fw_job_thread_name(const struct fw_job_thread *t);
const struct fw_job_spec *fw_job_thread_spec(const struct fw_job_thread *t);
uint64_t fw_job_thread_n_elements(const struct fw_job_thread *t);
struct fw_pool *fw_job_thread_pool(struct fw_job_thread *t);

/* The job's quota, if it has rates to keep to; else NULL. */
struct fw_quota *fw_job_thread_pace(struct fw_job_thread *t);

/* Before fw_job_thread_run and after fw_job_thread_stop: the job itself. */
struct fw_job *fw_job_thread_job(struct fw_job_thread *t);

#endif
