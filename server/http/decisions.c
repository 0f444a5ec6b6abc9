#include "server/http/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "server/engine/waiting.h"
#include "server/http/api.h"
#include "server/momentum/decision.h"
#include "server/show/json.h"

void fw_decision_desk_init(struct fw_decision_desk *d)
{
    *d = (struct fw_decision_desk){0};
    pthread_mutex_init(&d->lock, NULL);
}

void fw_decision_desk_close(struct fw_decision_desk *d)
{
    for (size_t i = 0; i < FW_DECISIONS_JOBS; i++)
        fw_bytes_close(&d->told[i].json);
    pthread_mutex_destroy(&d->lock);
}

/* A question to a job's thread. */
struct question {
    struct fw_waiting waiting; /* first */
    uint32_t limit;
    struct fw_decision_list list; /* owned; the answer */
    fw_status status;             /* of the answer */
};

static void run_question(struct fw_letter *l, struct fw_job *job,
                         int64_t now_ms)
{
    struct question *q = (struct question *)l; /* its first member */
    uint64_t last = job->controller.log.n;
    uint64_t after = last > q->limit ? last - q->limit : 0;

    if (q->limit)
        q->status = fw_job_decisions(job, after, q->limit,
                                     fw_clock_unix_ms() - now_ms, &q->list);
    fw_waiting_wake(&q->waiting, false);
}

static fw_status write_json(const struct fw_decision_list *list,
                            struct fw_bytes *out)
{
    json_t *all = json_array();
    json_t *document = NULL;
    fw_status s = FW_NOMEM;
    char *text;

    for (uint32_t i = 0; i < list->n; i++)
        json_array_append_new(all, fw_json_decision(&list->items[i]));
    document = json_pack("{s:o}", "decisions", all);
    text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    if (text)
        s = fw_bytes_append(out, text, strlen(text));
    free(text);
    json_decref(document);
    return s;
}

static fw_status ask(struct fw_job_thread *t, struct fw_told_decisions *told)
{
    struct question q = {.limit = told->limit};
    fw_status s = fw_waiting_ask(&q.waiting, t, run_question);

    if (s == FW_OK)
        s = q.status;
    fw_bytes_close(&told->json);
    if (s == FW_OK)
        s = write_json(&q.list, &told->json);
    fw_decision_list_close(&q.list);
    return s;
}

/* The answer of this question if it is kept, else the oldest. */
static struct fw_told_decisions *find(struct fw_decision_desk *d,
                                      const char *job, uint32_t limit)
{
    struct fw_told_decisions *oldest = &d->told[0];

    for (size_t i = 0; i < FW_DECISIONS_JOBS; i++) {
        struct fw_told_decisions *t = &d->told[i];

        if (t->limit == limit && strcmp(t->job, job) == 0)
            return t;
        if (t->at_ms < oldest->at_ms)
            oldest = t;
    }
    return oldest;
}

/* An answer that is fresh enough; the lock is held. */
static fw_status answer(struct fw_decision_desk *d, struct fw_job_thread *t,
                        uint32_t limit, struct fw_told_decisions **out)
{
    const char *job = fw_job_thread_name(t);
    struct fw_told_decisions *told = find(d, job, limit);
    int64_t now_ms = fw_clock_mono_ms();
    fw_status s;

    *out = told;
    if (told->limit == limit && strcmp(told->job, job) == 0 &&
        now_ms - told->at_ms < FW_DECISIONS_MS)
        return FW_OK;
    snprintf(told->job, sizeof(told->job), "%s", job);
    told->limit = limit;
    s = ask(t, told);
    told->at_ms = now_ms;
    if (s != FW_OK)
        told->job[0] = '\0'; /* not to be given again */
    return s;
}

void fw_decisions_answer(struct fw_site *site, const struct fw_request *r,
                         const char *part, struct fw_reply *out)
{
    struct fw_decision_desk *d = &site->decisions;
    struct fw_told_decisions *told;
    struct fw_job_thread *t = NULL;

    if (fw_jobs_find(site->jobs, part, &t, NULL) != FW_OK) {
        fw_api_no_job(part, out);
        return;
    }
    pthread_mutex_lock(&d->lock);
    if (answer(d, t, fw_api_limit(r, FW_DECISIONS_KEPT), &told) == FW_OK)
        fw_reply_text(out, "application/json",
                      fw_body_create(told->json.data, told->json.n));
    else
        fw_reply_error(out, HTTP_STATUS_SERVICE_UNAVAILABLE, "OVERLOADED",
                       "the job cannot answer now");
    pthread_mutex_unlock(&d->lock);
    fw_job_thread_unref(t);
}
