#include "server/rpc/watch_rpc.h"

#include "sdk/base/clock.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

#define INTERVAL_DEFAULT_MS 1000u
#define INTERVAL_MIN_MS     100u
#define HEALTH_EVERY_MS     250u

grpc_byte_buffer *fw_watch_next(struct fw_call *c)
{
    struct fw_watch *w = c->state;
    grpc_byte_buffer *answer = w->answer;

    w->answer = NULL;
    return answer;
}

void fw_watch_close(struct fw_call *c)
{
    struct fw_watch *w = c->state;

    if (w->answer)
        grpc_byte_buffer_destroy(w->answer);
    fw_job_thread_unref(w->job);
}

/* Put an answer up and write it; closes `bytes`. */
static void answer(struct fw_call *c, struct fw_bytes *bytes)
{
    struct fw_watch *w = c->state;

    pthread_mutex_lock(&c->lock);
    if (!w->answer)
        w->answer = fw_buffer_copy(bytes);
    pthread_mutex_unlock(&c->lock);
    fw_bytes_close(bytes);
    fw_call_pump(c);
}

/* Has the last answer been written? */
static bool is_idle(struct fw_call *c)
{
    const struct fw_watch *w = c->state;
    bool idle;

    pthread_mutex_lock(&c->lock);
    idle = !w->answer && !c->sending;
    pthread_mutex_unlock(&c->lock);
    return idle;
}

/* A place among the watchers; it is given back when one watches no more. */
static fw_status enter(struct fw_server *s, struct fw_err *err)
{
    bool room;

    pthread_mutex_lock(&s->watch_lock);
    room = s->n_watchers < s->max_watchers;
    s->n_watchers += room;
    pthread_mutex_unlock(&s->watch_lock);
    return room ? FW_OK
                : FW_REFUSE(err, OVERLOADED,
                            "%u clients watch already; limits.max_watchers "
                            "allows no more",
                            s->max_watchers);
}

/* Stand in the server's list, which holds a reference. */
static void enlist(struct fw_call *c)
{
    struct fw_watch *w = c->state;

    w->call = fw_call_ref(c);
    w->due_ms = fw_clock_mono_ms() + w->interval_ms;
    pthread_mutex_lock(&c->server->watch_lock);
    fw_list_push_back(&c->server->watchers, &w->link);
    pthread_mutex_unlock(&c->server->watch_lock);
}

/* Is there a reason to stop watching? */
static bool watch_ends(struct fw_call *c)
{
    struct fw_err err;

    if (fw_server_draining(c->server))
        fw_call_finish(c, FW_REFUSE(&err, DRAINING, "the server is going down"),
                       &err);
    return fw_call_over(c);
}

static void send_status(struct fw_call *c)
{
    struct fw_watch *w = c->state;
    struct fw_snapshot *snapshot = fw_job_thread_snapshot(w->job);
    struct fw_watch_response out;
    struct fw_bytes bytes = {0};

    if (snapshot->number > w->seen && is_idle(c)) {
        if (w->seen)
            w->skipped += snapshot->number - w->seen - 1;
        w->seen = snapshot->number;
        out.job = snapshot->status; /* lent */
        out.skipped = w->skipped;
        if (fw_encode_watch_status_response(&out, &bytes) == FW_OK)
            answer(c, &bytes);
    }
    fw_snapshot_unref(snapshot);
}

void fw_watch_status(struct fw_call *c, struct fw_message *m)
{
    struct fw_watch *w = c->state;
    struct fw_bytes scratch = {0};
    struct fw_status_request in;
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!m) {
        fw_call_finish(c, FW_REFUSE(&err, MESSAGE_INVALID, "no request"), &err);
        return;
    }
    s = fw_message_flat(m, &scratch, &flat);
    if (s == FW_OK)
        s = fw_decode_watch_status_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK)
        s = fw_call_job(c, in.job, &w->job, &err);
    if (s == FW_OK)
        s = enter(c->server, &err);
    if (s == FW_OK) {
        w->interval_ms = in.interval_ms ? in.interval_ms : INTERVAL_DEFAULT_MS;
        if (w->interval_ms < INTERVAL_MIN_MS)
            w->interval_ms = INTERVAL_MIN_MS;
        send_status(c);
        enlist(c);
    } else {
        fw_call_finish(c, s, &err);
    }
    fw_bytes_close(&scratch);
}

static void send_health(struct fw_call *c)
{
    struct fw_watch *w = c->state;
    int health = fw_server_draining(c->server) ? FW_HEALTH_NOT_SERVING
                                               : FW_HEALTH_SERVING;
    struct fw_bytes bytes = {0};

    if (health == w->health || !is_idle(c))
        return;
    w->health = health;
    if (fw_encode_health_response((enum fw_health)health, &bytes) == FW_OK)
        answer(c, &bytes);
}

void fw_watch_health(struct fw_call *c, struct fw_message *m)
{
    struct fw_watch *w = c->state;
    struct fw_err err = {0};
    fw_status s = m ? enter(c->server, &err)
                    : FW_REFUSE(&err, MESSAGE_INVALID, "no request");

    if (s != FW_OK) {
        fw_call_finish(c, s, &err);
        return;
    }
    w->is_health = true;
    w->interval_ms = HEALTH_EVERY_MS;
    send_health(c);
    enlist(c);
}

/* Its next message; false if it watches no more. */
static bool serve(struct fw_watch *w, int64_t now_ms)
{
    struct fw_call *c = w->call;

    if (w->is_health ? fw_call_over(c) : watch_ends(c))
        return false;
    if (now_ms < w->due_ms)
        return true;
    w->due_ms = now_ms + w->interval_ms;
    if (w->is_health)
        send_health(c);
    else
        send_status(c);
    return true;
}

void fw_watch_tick(struct fw_server *s, int64_t now_ms)
{
    struct fw_list *l;
    struct fw_list *next;

    pthread_mutex_lock(&s->watch_lock);
    for (l = s->watchers.next; l != &s->watchers; l = next) {
        struct fw_watch *w = FW_LIST_ITEM(l, struct fw_watch, link);

        next = l->next;
        if (serve(w, now_ms))
            continue;
        fw_list_remove(l);
        s->n_watchers--;
        fw_call_unref(w->call);
    }
    pthread_mutex_unlock(&s->watch_lock);
}
