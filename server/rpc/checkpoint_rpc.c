#include "server/rpc/checkpoint_rpc.h"

#include <stdio.h>
#include <string.h>

#include "sdk/base/log.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/engine/recover.h"
#include "server/engine/saver.h"
#include "server/rpc/server.h"

typedef fw_status decode_fn(const uint8_t *data, size_t n,
                            struct fw_checkpoint_ref *out, struct fw_err *err);

static struct fw_checkpoint_call *of_task(struct fw_task *t)
{
    return (
        struct fw_checkpoint_call *)((char *)t -
                                     offsetof(struct fw_checkpoint_call, task));
}

/* Read the request and stand in line for the disk. */
static void begin(struct fw_call *c, struct fw_message *m, decode_fn *decode,
                  void (*run)(struct fw_task *))
{
    struct fw_checkpoint_call *k = c->state;
    struct fw_bytes scratch = {0};
    struct fw_bytes none = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    k->call = c;
    k->task.run = run;
    s = decode(flat.data, flat.n, &k->request, &err);
    if (s == FW_OK && fw_unary_again(c, k->request.request_id))
        goto done;
    if (s == FW_OK) {
        fw_call_ref(c);
        s = fw_desk_post(&c->server->desk, &k->task, &err);
        if (s != FW_OK)
            fw_call_unref(c);
    }
    if (s != FW_OK)
        fw_unary_answer(c, s, &none, &err);
done:
    fw_bytes_close(&scratch);
}

static void end(struct fw_checkpoint_call *k, fw_status s, struct fw_bytes *out,
                const struct fw_err *err)
{
    fw_unary_answer(k->call, s, out, err);
    fw_call_unref(k->call);
}

/* --- Save --- */

/* What is newest on disk. */
static fw_status newest(const struct fw_store *store, const char *job,
                        struct fw_checkpoint_info *out, struct fw_err *err)
{
    struct fw_checkpoint_list all;
    fw_status s = fw_checkpoint_list(store, job, &all, err);

    if (s == FW_OK && !all.n)
        s = FW_REFUSE(err, NOT_INITIALIZED,
                      "job '%s' has no parameters yet: there is nothing to "
                      "save",
                      job);
    if (s == FW_OK)
        *out = all.items[0];
    fw_checkpoint_list_close(&all);
    return s;
}

static void run_save(struct fw_task *t)
{
    struct fw_checkpoint_call *k = of_task(t);
    struct fw_server *server = k->call->server;
    struct fw_checkpoint_info saved = {0};
    struct fw_job_thread *job = NULL;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_call_job(k->call, k->request.job, &job, &err);

    if (s == FW_OK)
        s = fw_saver_save(server->store, server->jobs, job, &err);
    if (s == FW_IO) {
        struct fw_err why = err;

        s = FW_REFUSE(&err, NOT_SAVED, "%s", why.text);
    }
    if (s == FW_OK)
        s = newest(server->store, k->request.job, &saved, &err);
    if (s == FW_OK)
        s = fw_encode_save_checkpoint_response(&saved, &out);
    fw_job_thread_unref(job);
    end(k, s, &out, &err);
}

void fw_save_checkpoint(struct fw_call *c, struct fw_message *m)
{
    begin(c, m, fw_decode_save_checkpoint_request, run_save);
}

/* --- List, Verify --- */

static void run_list(struct fw_task *t)
{
    struct fw_checkpoint_call *k = of_task(t);
    struct fw_server *server = k->call->server;
    struct fw_checkpoint_list all = {0};
    struct fw_job_thread *job = NULL;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_call_job(k->call, k->request.job, &job, &err);

    if (s == FW_OK)
        s = fw_checkpoint_list(server->store, k->request.job, &all, &err);
    if (s == FW_OK)
        s = fw_encode_list_checkpoints_response(&all, &out);
    fw_checkpoint_list_close(&all);
    fw_job_thread_unref(job);
    end(k, s, &out, &err);
}

void fw_list_checkpoints(struct fw_call *c, struct fw_message *m)
{
    begin(c, m, fw_decode_list_checkpoints_request, run_list);
}

/* Leave only the one of this version; NOT_FOUND if there is none. */
static fw_status choose(struct fw_checkpoint_list *all, uint64_t version,
                        struct fw_err *err)
{
    uint32_t n = 0;

    if (!version)
        return FW_OK;
    for (uint32_t i = 0; i < all->n; i++) {
        if (all->items[i].version == version)
            all->items[n++] = all->items[i];
    }
    all->n = n;
    return n ? FW_OK
             : FW_REFUSE(err, CHECKPOINT_NOT_FOUND,
                         "there is no checkpoint of version %llu",
                         (unsigned long long)version);
}

static void run_verify(struct fw_task *t)
{
    struct fw_checkpoint_call *k = of_task(t);
    struct fw_server *server = k->call->server;
    struct fw_checkpoint_list all = {0};
    struct fw_job_thread *job = NULL;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_call_job(k->call, k->request.job, &job, &err);

    if (s == FW_OK)
        s = fw_checkpoint_list(server->store, k->request.job, &all, &err);
    if (s == FW_OK)
        s = choose(&all, k->request.version, &err);
    for (uint32_t i = 0; s == FW_OK && i < all.n; i++)
        s = fw_checkpoint_verify(server->store, k->request.job, &all.items[i]);
    if (s == FW_OK)
        s = fw_encode_verify_checkpoints_response(&all, &out);
    fw_checkpoint_list_close(&all);
    fw_job_thread_unref(job);
    end(k, s, &out, &err);
}

void fw_verify_checkpoints(struct fw_call *c, struct fw_message *m)
{
    begin(c, m, fw_decode_verify_checkpoints_request, run_verify);
}

/* --- Restore --- */

static void run_restore(struct fw_task *t)
{
    struct fw_checkpoint_call *k = of_task(t);
    struct fw_server *server = k->call->server;
    struct fw_checkpoint_info now = {0};
    struct fw_job_thread *job = NULL;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_call_job(k->call, k->request.job, &job, &err);

    if (s == FW_OK) {
        s = fw_recover_rewind(server->store, job, k->request.version,
                              &now.version, &err);
        if (s == FW_NOT_FOUND)
            s = FW_REFUSE(&err, CHECKPOINT_NOT_FOUND,
                          "there is no checkpoint of version %llu",
                          (unsigned long long)k->request.version);
    }
    if (s == FW_OK) {
        fw_log(FW_LOG_INFO, "checkpoint_restored",
               "job=%s checkpoint=%llu version=%llu", k->request.job,
               (unsigned long long)k->request.version,
               (unsigned long long)now.version);
        s = fw_encode_restore_checkpoint_response(&now, &out);
    }
    fw_job_thread_unref(job);
    end(k, s, &out, &err);
}

void fw_restore_checkpoint(struct fw_call *c, struct fw_message *m)
{
    begin(c, m, fw_decode_restore_checkpoint_request, run_restore);
}
