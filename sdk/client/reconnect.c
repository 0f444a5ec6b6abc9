#include "sdk/client/reconnect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/client/method.h"
#include "sdk/wire/reason.h"

#define WAIT_FIRST_MS 50   /* longest wait before the first try; doubles ... */
#define WAIT_LAST_MS  2000 /* ... up to this */
#define DOUBLINGS     6    /* from the first to beyond the last */
#define OPEN_MS       5000 /* a try that takes longer has failed */

/* Once, when it is lost: the caller hears no more until it goes on. */
static void tell_broken(struct fw_session *s)
{
    char text[FW_ADDRESS_MAX + sizeof(s->why.text) + 64];
    const char *address = s->connection->address;

    if (s->dead != FW_OK)
        snprintf(text, sizeof(text), "the session with %s has ended: %s",
                 address, s->why.text);
    else
        snprintf(text, sizeof(text),
                 "lost the server at %s (%s); trying again for %.10g s",
                 address, s->why.text, s->patience_ms / 1e3);
    s->told = true;
    if (s->log)
        s->log(s->log_user, text);
}

/* And once that it goes on, after so long; of the gradients that were
 * acknowledged, `lost` are not there any more. */
static void tell_back(struct fw_session *s, int64_t away_ms, uint64_t lost)
{
    char text[FW_ADDRESS_MAX + 96];
    char also[64] = "";

    if (lost)
        snprintf(also, sizeof(also), "; %" PRIu64 " gradient%s lost", lost,
                 lost == 1 ? " is" : "s are");
    snprintf(text, sizeof(text), "the server at %s is back after %.1f s%s",
             s->connection->address, (double)away_ms / 1e3, also);
    if (s->log && s->told)
        s->log(s->log_user, text);
    s->told = false;
}

static void die(struct fw_session *s, fw_status why)
{
    s->dead = why;
    s->opened = false;
    pthread_cond_broadcast(&s->train.waiter.changed);
}

/* Full jitter: uniform below a limit that doubles. */
static int64_t wait_ms(struct fw_session *s)
{
    uint64_t limit = WAIT_FIRST_MS
                     << (s->tries < DOUBLINGS ? s->tries : DOUBLINGS);

    s->tries++;
    return (int64_t)fw_random_below(
        &s->dice, limit < WAIT_LAST_MS ? limit : WAIT_LAST_MS);
}

fw_status fw_session_greet(struct fw_session *s)
{
    struct fw_train_request open = {.kind = FW_TRAIN_OPEN, .open = s->key};
    fw_status st;

    open.open.resends = true;
    st = fw_session_send(s, &open);
    if (st == FW_OK)
        fw_stream_receive(&s->train);
    return st;
}

/* Whether what ended a call may be over soon: no connection, a server that
 * comes or goes or has too much to do. */
static bool is_passing(fw_status s, const struct fw_err *why)
{
    return s == FW_OK || s == FW_UNAVAILABLE || s == FW_CLOSED ||
           s == FW_BUSY || (s == FW_INTERNAL && !why->reason[0]);
}

/* Nothing is wrong with connection or server then. */
static bool is_overtaken(const struct fw_session *s)
{
    return strcmp(s->why.reason, FW_REASON(OVERTAKEN)) == 0;
}

/* What the end of the stream means. */
static void judge(struct fw_session *s)
{
    fw_status st = s->train.status;

    s->why = s->train.err;
    if (st == FW_OK)
        (void)fw_err_set(&s->why, st, "the server closed it");
    if (is_overtaken(s))
        s->patience_ms = s->reconnect_ms > OPEN_MS ? s->reconnect_ms : OPEN_MS;
    else
        s->patience_ms = s->reconnect_ms;
    if (!s->patience_ms || !is_passing(st, &s->why)) {
        if (s->patience_ms &&
            strcmp(s->why.reason, FW_REASON(SESSION_UNKNOWN)) == 0)
            s->rejoin = true;
        else
            die(s, st == FW_OK ? FW_UNAVAILABLE : st);
    }
}

void fw_session_broke(struct fw_session *s)
{
    int64_t now_ms = fw_clock_mono_ms();

    s->interrupted = true;
    s->opened = false;
    s->tx = (struct fw_sender){0};
    if (!s->established || s->closing || s->dead != FW_OK)
        return;
    judge(s);
    s->retry_ms = now_ms + wait_ms(s);
    if (!s->broken_ms)
        s->broken_ms = now_ms;
    if (!s->told && (s->dead != FW_OK || !is_overtaken(s)))
        tell_broken(s);
}

/* Gradients that were acknowledged and are not there any more. */
static uint64_t count_lost(struct fw_session *s, uint64_t there)
{
    uint64_t lost = s->applied > there ? s->applied - there : 0;

    s->lost += lost;
    s->applied = there;
    return lost;
}

/* What the server has of our gradients; returns how many were lost. */
static uint64_t settle(struct fw_session *s, const struct fw_opened *opened)
{
    if (s->pending && opened->sequence >= s->pending)
        return 0; /* its answer follows */
    if (!s->acked)
        s->pending = 0;
    s->sequence = opened->sequence;
    return s->established ? count_lost(s, opened->applied) : 0;
}

void fw_session_found(struct fw_session *s, const struct fw_opened *opened)
{
    int64_t away_ms = fw_clock_mono_ms() - s->broken_ms;

    s->opened = true;
    s->broken_ms = 0;
    s->tries = 0;
    if (opened->incarnation != s->incarnation)
        s->restarted = true;
    s->incarnation = opened->incarnation;
    tell_back(s, away_ms, settle(s, opened));
}

static void try_once(struct fw_session *s, int64_t now_ms)
{
    fw_status st = fw_stream_reopen(&s->train, s->connection, FW_METHOD_TRAIN);

    s->retry_ms = now_ms + OPEN_MS;
    if (st == FW_OK)
        st = fw_session_greet(s);
    if (st != FW_OK)
        fw_stream_fail(&s->train, FW_UNAVAILABLE, &s->train.err);
}

void fw_session_mend(struct fw_session *s, int64_t now_ms)
{
    struct fw_err why;

    if (!s->broken_ms || s->dead != FW_OK || s->closing)
        return;
    if (now_ms - s->broken_ms > s->patience_ms) {
        die(s, FW_UNAVAILABLE);
    } else if (now_ms < s->retry_ms || s->rejoin) {
        return;
    } else if (s->train.ended) {
        try_once(s, now_ms);
    } else {
        (void)fw_err_set(&why, FW_UNAVAILABLE, "no answer in %d ms", OPEN_MS);
        fw_stream_fail(&s->train, FW_UNAVAILABLE, &why);
    }
}

/* A new session under the same name.  What a crash left of the old one is
 * nothing, so a gradient on its way was not applied; without a crash nobody
 * knows, and the session stays ended. */
static void rejoin(struct fw_session *s)
{
    struct fw_join_response joined;
    struct fw_err why;
    fw_status st;

    pthread_mutex_unlock(&s->train.waiter.lock);
    st = fw_session_join(s, &s->again, &joined, &why);
    pthread_mutex_lock(&s->train.waiter.lock);
    if (st == FW_OK && joined.incarnation == s->incarnation && s->pending)
        st = FW_REFUSE(&why, FENCED, "the session is over on the server");
    if (st == FW_OK && joined.n_elements != s->joined.n_elements)
        st = FW_REFUSE(&why, SHAPE_MISMATCH, "the job is another one now");
    if (st == FW_OK) {
        fw_session_settle(s, &joined);
        s->train.place = fw_session_place(s);
        s->rejoin = false;
        s->pending = s->acked ? s->pending : 0;
        s->retry_ms = 0;
        try_once(s, fw_clock_mono_ms());
        return;
    }
    s->why = why;
    /* The name may be taken until the lease of who had it has run out. */
    if (is_passing(st, &why) || st == FW_EXISTS || st == FW_TIMEOUT)
        s->retry_ms = fw_clock_mono_ms() + wait_ms(s);
    else
        die(s, st);
}

fw_status fw_session_ready(struct fw_session *s)
{
    while (s->dead == FW_OK && !(s->opened && !s->train.over)) {
        int64_t now_ms = fw_clock_mono_ms();
        int64_t until_ms = s->broken_ms + s->patience_ms;

        if (s->broken_ms && now_ms >= until_ms)
            die(s, FW_UNAVAILABLE);
        else if (s->rejoin && now_ms >= s->retry_ms)
            rejoin(s);
        else if (s->rejoin)
            (void)fw_waiter_wait(&s->train.waiter, s->retry_ms);
        else
            fw_stream_pause(&s->train, now_ms + OPEN_MS);
    }
    s->interrupted = false;
    return s->dead;
}

bool fw_session_goes_on(struct fw_session *s, fw_status why)
{
    if (why == FW_NOMEM && s->dead == FW_OK) {
        (void)fw_err_set(&s->why, why, "no memory for a message");
        die(s, why);
    }
    if (!s->interrupted)
        fw_stream_drop(&s->train); /* it has failed and is about to end */
    return s->dead == FW_OK;
}

bool fw_session_await(struct fw_session *s)
{
    bool mended;

    pthread_mutex_lock(&s->train.waiter.lock);
    mended = s->broken_ms && fw_session_ready(s) == FW_OK;
    pthread_mutex_unlock(&s->train.waiter.lock);
    return mended;
}
