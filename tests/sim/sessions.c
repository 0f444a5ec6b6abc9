/* sessions.c - a job, its checkpoints and its workers under a virtual clock
 * (T6): pushes, repetitions, gaps, old epochs, silence, crashes with a power
 * loss, restarts, failing disks, checkpoints of older versions than the newest.
 *
 * Every gradient is 1 at its worker's place, rate 1, no momentum: the
 * parameters count what was applied.  Claims: they are what the history says,
 * no gradient is ever in it twice, nothing durable is lost, epochs and
 * sequences fence. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/job/saved.h"
#include "server/store/checkpoint.h"
#include "tests/sim/run.h"
#include "tests/support/memory_disk.h"

#define WORKERS  4u
#define EVENTS   300u
#define LEASE_MS 15000
#define BAG      16u
#define UNIX_MS  1600000000000u /* when the virtual time begins */

/* One that was sent; it may come again. */
struct gradient {
    uint32_t worker;
    uint64_t id; /* never used twice */
    uint64_t epoch;
    uint64_t sequence;
    uint64_t base;
};

struct worker {
    bool open; /* its stream, in this incarnation */
    uint8_t key[FW_SESSION_BYTES];
    uint64_t epoch;
    uint64_t sequence;    /* of the last one judged */
    uint64_t base;        /* version it computes at */
    struct gradient sent; /* the newest: sent again as what it is */
};

struct world {
    struct fw_random dice;
    int64_t now_ms;
    struct memory_disk disks[2]; /* before and after a power loss */
    unsigned disk;               /* the one in use */
    struct fw_store store;
    struct fw_tensor_spec tensor;
    struct fw_job_spec spec;
    struct fw_job job;
    struct worker workers[WORKERS];
    struct gradient history[EVENTS]; /* applied, by version */
    uint64_t version;                /* length of the history */
    struct gradient bag[BAG];        /* on the wire, in this incarnation */
    unsigned n_bag;
    uint64_t ids;
    uint64_t durable; /* newest that anyone was told */
    uint64_t incarnation;
    uint64_t top_epoch;        /* newest that was given out */
    struct fw_version *copied; /* ref; a snapshot not yet written, or NULL */
    struct fw_saved_job state; /* owned; of the snapshot */
    float momentum[WORKERS];   /* of the snapshot */
};

static uint64_t below(struct world *w, uint64_t n)
{
    return fw_random_below(&w->dice, n);
}

static void check(struct world *w)
{
    float want[WORKERS] = {0};

    claim(w->job.current->number == w->version,
          "a version is made by a gradient and by nothing else");
    for (uint64_t i = 0; i < w->version; i++)
        want[w->history[i].worker] -= 1;
    claim(memcmp(want, w->job.current->blocks[0]->data, sizeof(want)) == 0,
          "the parameters are the sum of the history");
}

static bool is_in_history(const struct world *w, uint64_t id)
{
    uint64_t i = 0;

    while (i < w->version && w->history[i].id != id)
        i++;
    return i < w->version;
}

static uint64_t applied_of(const struct world *w, uint64_t epoch)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < w->version; i++)
        n += w->history[i].epoch == epoch;
    return n;
}

static struct fw_gather *gather_of(struct world *w, const float *x)
{
    struct fw_span span = {(const uint8_t *)x, WORKERS * sizeof(float)};
    struct fw_run run = {&span, 1, 0, span.n};
    struct fw_gather *g = NULL;

    claim(fw_gather_create(w->job.pool, WORKERS, FW_DTYPE_F32, NULL, &g) ==
                  FW_OK &&
              fw_gather_add(g, 0, &run, NULL) == FW_OK,
          "there is memory");
    return g;
}

static void start(struct world *w)
{
    struct fw_initialize_response out;
    struct fw_checkpoint_file f = {0};
    float x[WORKERS] = {0};
    float u[WORKERS];
    fw_status s;

    w->incarnation = UNIX_MS + (uint64_t)w->now_ms;
    w->n_bag = 0;
    for (uint32_t i = 0; i < WORKERS; i++)
        w->workers[i].open = false;
    w->store.disk = &w->disks[w->disk].disk;
    claim(fw_store_prepare(&w->store, NULL) == FW_OK &&
              fw_job_init(&w->job, &w->spec, w->incarnation, w->now_ms, NULL) ==
                  FW_OK,
          "a server can start");
    s = fw_checkpoint_find(&w->store, w->spec.name, &f, NULL);
    claim(s == FW_OK || s == FW_NOT_FOUND, "recovery comes to an end");
    claim(f.version >= w->durable && f.version <= w->version,
          "nothing durable is lost, nothing is made up");
    w->version = f.version;
    w->durable = f.version;
    if (s == FW_OK) {
        claim(fw_checkpoint_load(&f, fw_floats_flat(x), fw_floats_flat(u),
                                 NULL) == FW_OK &&
                  fw_job_restore(&w->job, gather_of(w, x), u, f.version,
                                 NULL) == FW_OK &&
                  fw_job_resurrect(&w->job, &f.state, w->now_ms, NULL) == FW_OK,
              "what was found can be used");
        fw_job_durable(&w->job, f.version, f.file.path);
    } else { /* nothing was ever durable: it is another job */
        w->top_epoch = 0;
        claim(fw_job_initialize(&w->job, gather_of(w, x), &out, NULL) == FW_OK,
              "a new job can be made");
    }
    fw_checkpoint_file_close(&f);
    check(w);
}

static void drop_snapshot(struct world *w)
{
    fw_version_unref(w->copied);
    w->copied = NULL;
    fw_saved_job_close(&w->state);
}

static void take_snapshot(struct world *w)
{
    drop_snapshot(w);
    claim(fw_job_save(&w->job, &w->state) == FW_OK, "it can be copied");
    w->copied = fw_version_ref(w->job.current);
    memcpy(w->momentum, fw_job_peek_momentum_buffer(&w->job),
           sizeof(w->momentum));
}

/* What was copied, perhaps some events ago, to a disk that may fail. */
static void write_snapshot(struct world *w)
{
    static const int errors[] = {-EIO, -ENOSPC, -EINTR, 0};
    struct memory_disk *d = &w->disks[w->disk];
    struct fw_checkpoint c = {
        .spec = &w->spec, .incarnation = w->incarnation, .state = &w->state};
    char path[FW_PATH_MAX];

    if (!w->copied)
        take_snapshot(w);
    c.version = w->copied->number;
    c.weights = fw_floats_blocks(w->copied->blocks);
    c.momentum = fw_floats_flat(w->momentum);
    if (below(w, 4) == 0) {
        d->fail_at = d->calls + below(w, 30);
        d->error = errors[below(w, 4)];
        d->sticky = d->error < -EINTR && below(w, 2); /* not for ever */
    }
    if (fw_checkpoint_save(&w->store, &c, path, NULL) == FW_OK) {
        fw_job_durable(&w->job, c.version, path);
        if (c.version > w->durable)
            w->durable = c.version;
    } else {
        fw_job_not_saved(&w->job, "the disk failed");
    }
    d->fail_at = MEMORY_DISK_NEVER;
    drop_snapshot(w);
}

static void crash(struct world *w)
{
    struct memory_disk *d = &w->disks[w->disk];

    if (below(w, 2)) {
        d->power_at = d->calls + below(w, 30);
        write_snapshot(w);
    }
    drop_snapshot(w);
    fw_job_close(&w->job);
    memory_disk_image(d, &w->dice, &w->disks[!w->disk]);
    memory_disk_close(d);
    w->disk = !w->disk;
    w->now_ms += (int64_t)below(w, 30000);
    start(w);
}

static void restart(struct world *w)
{
    take_snapshot(w);
    write_snapshot(w);
    fw_job_close(&w->job);
    start(w);
}

static void join(struct world *w, uint32_t i)
{
    struct worker *who = &w->workers[i];
    struct fw_join_request r = {.wire_dtype = FW_DTYPE_F32,
                                .protocol_min = FW_PROTOCOL,
                                .protocol_max = FW_PROTOCOL};
    struct fw_join_response out;

    for (size_t k = 0; k < sizeof(who->key); k++)
        who->key[k] = (uint8_t)below(w, 256);
    snprintf(r.worker, sizeof(r.worker), "w%u", i);
    if (fw_job_join(&w->job, &r, who->key, w->now_ms, &out, NULL) != FW_OK)
        return; /* its last session still lives */
    claim(out.epoch > w->top_epoch, "epochs rise, whatever was lost");
    w->top_epoch = out.epoch;
    who->open = true;
    who->epoch = out.epoch;
    who->sequence = out.resume_sequence;
    who->base = out.version;
}

/* A new stream of the session: what was judged is not sent again. */
static void reconnect(struct world *w, uint32_t i)
{
    struct worker *who = &w->workers[i];
    struct fw_gradient_ack last;
    struct fw_opened opened;
    enum fw_dtype dtype;
    uint64_t epoch;

    who->open = fw_job_open(&w->job, who->key, w->now_ms, &epoch, &dtype,
                            NULL) == FW_OK;
    if (!who->open) {
        join(w, i);
        return;
    }
    claim(epoch == who->epoch, "a key names one session");
    (void)fw_job_resume(&w->job, epoch, &opened, &last);
    claim(opened.applied == applied_of(w, epoch),
          "a worker is told what is in the model, no more and no less");
    who->sequence = opened.sequence;
}

static void deliver(struct world *w, const struct gradient *g)
{
    struct worker *who = &w->workers[g->worker];
    struct fw_gradient_ack ack;
    float x[WORKERS] = {0};
    struct fw_gather *take;
    fw_status s;

    x[g->worker] = 1;
    take = gather_of(w, x);
    take->head = (struct fw_gradient_head){
        .sequence = g->sequence, .base_version = g->base, .samples = 1};
    s = fw_job_push(&w->job, g->epoch, take, w->now_ms, &ack, NULL);
    if (s != FW_OK)
        goto done;
    claim(ack.durable_version <= w->durable, "durable is not told too early");
    if (ack.duplicate || ack.reason[0]) {
        claim(!ack.duplicate || ack.reason[0] || is_in_history(w, g->id),
              "what is told as applied was");
    } else {
        claim(!is_in_history(w, g->id), "nothing is applied twice");
        claim(ack.version == w->version + 1, "an answer tells its version");
        w->history[w->version++] = *g;
    }
    if (who->epoch == g->epoch && strcmp(ack.reason, "SEQUENCE_GAP") != 0 &&
        ack.sequence > who->sequence)
        who->sequence = ack.sequence;
done:
    check(w);
}

static void push(struct world *w, uint32_t i)
{
    struct worker *who = &w->workers[i];
    struct gradient g = {.worker = i,
                         .id = ++w->ids,
                         .epoch = who->epoch,
                         .sequence = who->sequence + 1,
                         .base = who->base};

    if (!who->open)
        return;
    if (below(w, 20) == 0) {
        g.sequence += 1 + below(w, 3); /* a gap */
        deliver(w, &g);
        return;
    }
    if (who->sent.epoch == g.epoch && who->sent.sequence == g.sequence)
        g = who->sent;
    who->sent = g;
    w->bag[w->n_bag < BAG ? w->n_bag++ : below(w, BAG)] = g;
    if (below(w, 10))
        deliver(w, &g);
    if (below(w, 2))
        who->base = w->version;
}

static void event(struct world *w)
{
    uint32_t i = (uint32_t)below(w, WORKERS);
    uint64_t kind = below(w, 100);

    w->now_ms += 1 + (int64_t)below(w, 400);
    fw_job_tick(&w->job, w->now_ms);
    if (kind < 60) {
        push(w, i);
    } else if (kind < 72 && w->n_bag) {
        deliver(w, &w->bag[below(w, w->n_bag)]); /* again, or late */
    } else if (kind < 78) {
        reconnect(w, i);
    } else if (kind < 81) {
        fw_job_leave(&w->job, w->workers[i].key, w->now_ms);
    } else if (kind < 84) {
        w->now_ms += (int64_t)below(w, 3 * LEASE_MS); /* some are lost */
    } else if (kind < 88) {
        take_snapshot(w);
    } else if (kind < 94) {
        write_snapshot(w);
    } else if (kind < 97) {
        crash(w);
    } else {
        restart(w);
    }
}

/* One life; how many milliseconds it took by its own clock. */
static int64_t live(uint64_t seed)
{
    static struct world world;
    struct world *w = &world;

    memset(w, 0, sizeof(*w));
    fw_random_init(&w->dice, seed);
    w->tensor =
        (struct fw_tensor_spec){.name = "w", .rank = 1, .shape = {WORKERS}};
    snprintf(w->spec.name, sizeof(w->spec.name), "job");
    w->spec.tensors = (struct fw_tensor_list){&w->tensor, 1};
    w->spec.controller.law = FW_LAW_FIXED;
    w->spec.controller.reference_learning_rate = 1;
    w->spec.limits.lease_ms = LEASE_MS;
    fw_job_spec_default(&w->spec);
    w->store = (struct fw_store){.data_dir = "/data",
                                 .keep = 1 + (uint32_t)below(w, 3)};
    memory_disk_open(&w->disks[0]);
    start(w);
    for (unsigned i = 0; i < EVENTS; i++)
        event(w);
    check(w);
    drop_snapshot(w);
    fw_job_close(&w->job);
    memory_disk_close(&w->disks[w->disk]);
    return w->now_ms;
}

int main(int argc, char **argv)
{
    struct run run = {.seed = 1, .count = 300};
    double ms = 0;

    if (!run_options(&run, argc, argv))
        return 2;
    for (uint64_t i = 0; i < run.count; i++) {
        run_seed(run.seed + i);
        ms += (double)live(run.seed + i);
    }
    printf("T6: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64
           " events, %.1f days of virtual time, 0 broken claims\n",
           run.count, run.seed, run.count * EVENTS, ms / 86400e3);
    return 0;
}
