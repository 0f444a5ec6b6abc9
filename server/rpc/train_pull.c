#include "server/rpc/train_pull.h"

#include "sdk/wire/reason.h"
#include "server/rpc/train_outbox.h"
#include "server/rpc/train_pace.h"

#define OF_MEMBER(p, member)                                                   \
    ((struct fw_train *)((char *)(p)-offsetof(struct fw_train, member)))

/* Takes the version; false if there is none and the call ends. */
static bool give(struct fw_train *t, struct fw_version *take)
{
    struct fw_err err;

    if (take) {
        fw_train_send_version(t, take);
        return true;
    }
    fw_call_finish(
        t->call,
        FW_REFUSE(&err, NOT_INITIALIZED, "the job has no parameters yet"),
        &err);
    return false;
}

static void run_pull(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_train *t = OF_MEMBER(l, pull_letter);
    struct fw_call *c = t->call;

    if (give(t, fw_job_base(job, t->epoch, now_ms)))
        fw_train_read_on(t);
    fw_call_unref(c);
}

static void drop_pull(struct fw_letter *l)
{
    struct fw_train *t = OF_MEMBER(l, pull_letter);

    fw_train_job_is_gone(t);
    fw_call_unref(t->call);
}

void fw_train_pull_init(struct fw_train *t)
{
    t->pull_letter = (struct fw_letter){.run = run_pull, .drop = drop_pull};
}

/* The newest version is published for all; what a group computes at is known to
 * the job alone. */
bool fw_train_pull(struct fw_train *t)
{
    const struct fw_controller_spec *spec =
        &fw_job_thread_spec(t->job)->controller;

    if (t->pace)
        fw_train_pay_parameters(t);
    if (!spec->groups && !spec->groups_auto && spec->buffer < 2)
        return give(t, fw_job_thread_version(t->job));
    fw_train_post(t, &t->pull_letter);
    return false;
}
