/* points.c - every named place (sdk/base/failpoint.h) in saving, loading,
 * joining and applying goes wrong in every way, each time it is reached (T2).
 *
 * A life is what a server does with a job: find the newest checkpoint, load
 * it, join, apply, save.  A fault ends it or is borne.  Claims: the life after
 * it finds what was told durable or something newer, each gradient in it once,
 * and no epoch twice; a file that was set aside stays. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/failpoint.h"
#include "server/job/saved.h"
#include "server/store/checkpoint.h"
#include "tests/sim/run.h"
#include "tests/support/memory_disk.h"

#define ELEMENTS   200u
#define PUSHES     2u /* of a life */
#define POINTS_MIN 25u
#define POINTS_MAX 64u
#define HITS_MAX   256u           /* reached in a life, all together */
#define BORN_MS    1700000000000u /* a server's incarnation is its birth */
#define LIFE_MS    1000u
#define GARBAGE    "this is no checkpoint"

enum fault {
    KILLED, /* SIGKILL, on a real disk */
    POWER,  /* off: what was not synced is torn or lost */
    FAILS,  /* the place itself, with FW_IO */
    NO_MEMORY,
    CALL_EIO, /* the next call to the disk; so below */
    CALL_ENOSPC,
    CALL_EINTR,
    CALL_SHORT, /* it moves one byte */
    FAULTS
};

/* What outlives a process that is killed. */
struct told {
    uint64_t durable; /* version */
    uint64_t epoch;   /* the last that was given out */
    uint64_t lives;
};

/* The places that were reached, and the one where something happens. */
static struct {
    const char *names[POINTS_MAX]; /* lent: literals */
    unsigned n_names;
    unsigned n_hits;
    unsigned at; /* the hit that goes wrong; UINT_MAX: none */
    enum fault fault;
    struct memory_disk *disk; /* lent; NULL: a real one */
} points;

static void note(const char *name)
{
    for (unsigned i = 0; i < points.n_names; i++) {
        if (strcmp(points.names[i], name) == 0)
            return;
    }
    claim(points.n_names < POINTS_MAX, "there is room for all names");
    points.names[points.n_names++] = name;
}

fw_status fw_failpoint(const char *name, struct fw_err *err)
{
    static const int errors[FAULTS] = {
        [CALL_EIO] = -EIO, [CALL_ENOSPC] = -ENOSPC, [CALL_EINTR] = -EINTR};

    note(name);
    if (points.n_hits++ != points.at)
        return FW_OK;
    switch (points.fault) {
    case KILLED:
        (void)raise(SIGKILL);
        break;
    case POWER:
        points.disk->power_at = points.disk->calls;
        break;
    case FAILS:
        return fw_err_set(err, FW_IO, "fails at %s", name);
    case NO_MEMORY:
        return fw_err_set(err, FW_NOMEM, "no memory at %s", name);
    default:
        points.disk->fail_at = points.disk->calls;
        points.disk->error = errors[points.fault];
    }
    return FW_OK;
}

/* --- a life --- */

static float at_version(uint64_t version)
{
    return -(float)version; /* all gradients are 1 and so is the rate */
}

static fw_status load(struct fw_job *job, struct fw_checkpoint_file *f,
                      struct fw_gather *g)
{
    struct fw_initialize_response out;
    float momentum[ELEMENTS];
    fw_status s;

    g->filled = ELEMENTS;
    if (!f->version) {
        memset(g->blocks[0]->data, 0, ELEMENTS * sizeof(float));
        return fw_job_initialize(job, g, &out, NULL);
    }
    s = fw_checkpoint_load(f, fw_floats_blocks(g->blocks),
                           fw_floats_flat(momentum), NULL);
    if (s != FW_OK) {
        fw_gather_close(g);
        return s;
    }
    for (unsigned i = 0; i < ELEMENTS; i++)
        claim(g->blocks[0]->data[i] == at_version(f->version),
              "each gradient is in a version once");
    s = fw_job_restore(job, g, momentum, f->version, NULL);
    return s == FW_OK ? fw_job_resurrect(job, &f->state, 0, NULL) : s;
}

static fw_status push(struct fw_job *job, uint64_t epoch, uint64_t sequence)
{
    uint64_t before = job->current->number;
    struct fw_gradient_ack ack;
    struct fw_gather *g;
    fw_status s = fw_gather_create(job->pool, ELEMENTS, FW_DTYPE_F32, NULL, &g);

    if (s != FW_OK)
        return s;
    for (unsigned i = 0; i < ELEMENTS; i++)
        g->blocks[0]->data[i] = 1.0f;
    g->filled = ELEMENTS;
    g->head = (struct fw_gradient_head){
        .sequence = sequence, .base_version = before, .samples = 1};
    s = fw_job_push(job, epoch, g, 1, &ack, NULL);
    claim(job->current->number == before + (s == FW_OK && !ack.reason[0]),
          "a gradient is applied or refused");
    claim(job->current->blocks[0]->data[0] == at_version(job->current->number),
          "it is applied as a whole");
    return s;
}

/* The momentum buffer and weights are the job's own. */
static fw_status save(const struct fw_store *store, struct fw_job *job,
                      struct told *told)
{
    struct fw_saved_job state = {0};
    char path[FW_PATH_MAX];
    fw_status s = fw_job_save(job, &state);
    const struct fw_checkpoint c = {
        .spec = &job->spec,
        .version = job->current->number,
        .incarnation = job->incarnation,
        .weights = fw_floats_blocks(job->current->blocks),
        .momentum = fw_floats_flat(job->optimizer.momentum.at),
        .state = &state};

    if (s == FW_OK)
        s = fw_checkpoint_save(store, &c, path, NULL);
    if (s == FW_OK)
        told->durable = c.version;
    fw_saved_job_close(&state);
    return s;
}

static fw_status work(const struct fw_store *store, struct fw_job *job,
                      struct told *told)
{
    const struct fw_join_request r = {.worker = "w",
                                      .wire_dtype = FW_DTYPE_F32,
                                      .protocol_min = FW_PROTOCOL,
                                      .protocol_max = FW_PROTOCOL};
    const uint8_t key[FW_SESSION_BYTES] = {(uint8_t)told->lives};
    struct fw_join_response joined;
    fw_status s = fw_job_join(job, &r, key, 0, &joined, NULL);

    if (s != FW_OK)
        return s;
    claim(joined.epoch > told->epoch, "no epoch is given out twice");
    told->epoch = joined.epoch;
    for (uint64_t i = 1; s == FW_OK && i <= PUSHES; i++)
        s = push(job, joined.epoch, i);
    return s == FW_OK ? save(store, job, told) : s;
}

static fw_status life(const struct fw_store *store, struct told *told)
{
    static struct fw_tensor_spec tensor = {"a", 1, {ELEMENTS}};
    struct fw_job_spec spec = {
        .name = "job",
        .tensors = {&tensor, 1},
        .controller = {.law = FW_LAW_FIXED, .reference_learning_rate = 1.0}};
    struct fw_checkpoint_file f = {.file.fd = -1};
    struct fw_job job = {0};
    struct fw_gather *g;
    fw_status s = fw_store_prepare(store, NULL);

    if (s == FW_OK)
        s = fw_checkpoint_find(store, spec.name, &f, NULL);
    if (s == FW_OK || s == FW_NOT_FOUND)
        claim(f.version >= told->durable, "nothing durable is lost");
    if (s == FW_NOT_FOUND)
        s = FW_OK;
    fw_job_spec_default(&spec);
    if (s == FW_OK)
        s = fw_job_init(&job, &spec, BORN_MS + ++told->lives * LIFE_MS, 0,
                        NULL);
    if (s == FW_OK)
        s = fw_gather_create(job.pool, ELEMENTS, FW_DTYPE_F32, NULL, &g);
    if (s == FW_OK)
        s = load(&job, &f, g);
    if (s == FW_OK)
        s = work(store, &job, told);
    fw_job_close(&job);
    fw_checkpoint_file_close(&f);
    return s;
}

/* --- a case --- */

/* Something newer that is no checkpoint, and a leftover. */
static void put_garbage(const struct fw_store *store)
{
    static const char *const names[] = {"checkpoint-900.safetensors",
                                        "checkpoint-901.safetensors.tmp"};
    const struct fw_disk *d = store->disk;
    char folder[FW_PATH_MAX - 64]; /* and room for a name */

    snprintf(folder, sizeof(folder), "%s/jobs/job", store->data_dir);
    for (unsigned i = 0; i < 2; i++) {
        char path[FW_PATH_MAX];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        fd = d->open(d->user, path, O_WRONLY | O_CREAT);
        claim(fd >= 0 &&
                  d->write(d->user, fd, GARBAGE, sizeof(GARBAGE), 0) ==
                      sizeof(GARBAGE) &&
                  d->fsync(d->user, fd) == 0 && d->close(d->user, fd) == 0,
              "garbage can be written");
    }
    claim(fw_disk_sync_folder(d, folder, NULL) == FW_OK, "and synced");
}

static void prepare(const struct fw_store *store, struct told *told)
{
    points.at = UINT32_MAX;
    *told = (struct told){0};
    for (unsigned i = 0; i <= store->keep; i++)
        claim(life(store, told) == FW_OK, "a sound disk can save");
    put_garbage(store);
}

static void assert_recovers(const struct fw_store *store, struct told *told)
{
    struct fw_checkpoint_list list = {0};
    unsigned aside = 0;

    points.at = UINT32_MAX;
    claim(life(store, told) == FW_OK, "the next life is whole");
    claim(fw_checkpoint_list(store, "job", &list, NULL) == FW_OK, "it lists");
    for (uint32_t i = 0; i < list.n; i++)
        aside += list.items[i].state == FW_CHECKPOINT_SET_ASIDE;
    claim(aside == 1, "what was set aside stays");
    fw_checkpoint_list_close(&list);
    claim(life(store, told) == FW_OK, "and the one after it");
}

/* How often places are reached in a life. */
static unsigned simulate(unsigned at, enum fault fault)
{
    static struct memory_disk disk;
    static struct memory_disk after;
    struct fw_store store = {&disk.disk, "/data", 2};
    struct fw_random dice;
    struct told told;
    unsigned hits;

    fw_random_init(&dice, at * FAULTS + fault);
    memory_disk_open(&disk);
    points.disk = &disk;
    prepare(&store, &told);
    points.at = at;
    points.fault = fault;
    points.n_hits = 0;
    claim(life(&store, &told) == FW_OK || at != UINT32_MAX,
          "without a fault all goes well");
    hits = points.n_hits;
    disk.fail_at = MEMORY_DISK_NEVER;
    if (fault == POWER && at != UINT32_MAX) {
        memory_disk_image(&disk, &dice, &after);
        store.disk = &after.disk;
    }
    assert_recovers(&store, &told);
    if (store.disk == &after.disk)
        memory_disk_close(&after);
    memory_disk_close(&disk);
    return hits;
}

static void remove_all(const char *folder)
{
    char command[FW_PATH_MAX];

    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    claim(system(command) == 0, "the folder is removed");
}

/* A process on a real disk, killed. */
static void kill_at(unsigned at, struct told *told)
{
    char folder[] = "/tmp/fw-points-XXXXXX";
    struct fw_store store = {fw_disk_real(), folder, 2};
    int how = 0;
    pid_t child;

    claim(mkdtemp(folder) != NULL, "there is a folder");
    prepare(&store, told);
    child = fork();
    claim(child >= 0, "there is a process");
    if (child == 0) {
        points.n_hits = 0;
        points.at = at;
        points.fault = KILLED;
        (void)!life(&store, told);
        _exit(0);
    }
    claim(waitpid(child, &how, 0) == child && WIFSIGNALED(how) &&
              WTERMSIG(how) == SIGKILL,
          "it was killed at that place");
    assert_recovers(&store, told);
    remove_all(folder);
}

int main(int argc, char **argv)
{
    struct run run = {.count = 1};
    struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned hits;

    if (!run_options(&run, argc, argv) || told == MAP_FAILED)
        return 2;
    hits = simulate(UINT32_MAX, FAILS);
    claim(points.n_names >= POINTS_MIN && hits < HITS_MAX,
          "there are as many places as we think");
    for (unsigned at = 0; at < hits; at++) {
        run_seed(at);
        kill_at(at, told);
        for (int fault = POWER; fault < FAULTS; fault++)
            (void)simulate(at, (enum fault)fault);
    }
    printf("T2: %u named places, reached %u times in a life, x %d faults: %u "
           "cases, 0 durable lost, 0 applied twice\n",
           points.n_names, hits, FAULTS, hits * FAULTS);
    return 0;
}
