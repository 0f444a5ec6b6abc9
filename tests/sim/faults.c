/* faults.c - every N-th allocation and every N-th call to the disk fails, once
 * and from then on (T4): in saving, loading, joining and pushing, messages,
 * configuration and tokens.
 *
 * Claims: each comes to an end with success or an error, and what was there
 * before is there and whole.  Under the asan preset: nothing leaks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/job/saved.h"
#include "server/store/checkpoint.h"
#include "server/store/config.h"
#include "server/store/tokens.h"
#include "tests/sim/run.h"
#include "tests/support/faulty_memory.h"
#include "tests/support/memory_disk.h"
#include "tests/unit/wire/pb_messages.h"
#include "tests/unit/wire/pb_sample.h"

#define ELEMENTS 300u
#define TENSORS  24u /* JSON's tables of their names grow twice */
#define SMALL    8u  /* elements of all but the first and the last */
#define NOW_S    1700000000

/* --- what is tried --- */

struct scene {
    struct memory_disk disk;
    struct fw_store store;
    struct fw_tensor_spec tensors[TENSORS];
    struct fw_job_spec spec;
    float weights[ELEMENTS];
    float momentum[ELEMENTS];
    uint64_t version;         /* of the newest that was saved */
    struct fw_bytes *samples; /* lent: one of each message */
    size_t message;           /* the one that is tried */
};

/* Join, push, look, save. */
static fw_status work(struct scene *s, struct fw_job *job,
                      struct fw_saved_job *out)
{
    struct fw_join_request r = {.worker = "w",
                                .wire_dtype = FW_DTYPE_F32,
                                .protocol_min = FW_PROTOCOL,
                                .protocol_max = FW_PROTOCOL};
    const uint8_t key[FW_SESSION_BYTES] = {1};
    struct fw_job_status status = {0};
    struct fw_join_response joined;
    struct fw_gradient_ack ack;
    struct fw_gather *g = NULL;
    fw_status st = fw_job_join(job, &r, key, 0, &joined, NULL);

    if (st == FW_OK)
        st = fw_gather_create(job->pool, ELEMENTS, FW_DTYPE_F32, NULL, &g);
    if (st != FW_OK)
        return st;
    memset(g->blocks[0]->data, 0, ELEMENTS * sizeof(float));
    g->filled = ELEMENTS;
    g->head = (struct fw_gradient_head){.sequence = 1, .samples = 1};
    st = fw_job_push(job, joined.epoch, g, 1, &ack, NULL);
    claim(st != FW_OK || ack.reason[0] || ack.version == s->version + 1,
          "a gradient is applied or refused");
    fw_job_tick(job, 1000);
    if (st == FW_OK)
        st = fw_job_status(job, 1000, &status);
    fw_job_status_close(&status);
    return st == FW_OK ? fw_job_save(job, out) : st;
}

static fw_status load(struct scene *s)
{
    struct fw_checkpoint_file f = {0};
    struct fw_saved_job saved = {0};
    struct fw_job job = {0};
    struct fw_gather *g = NULL;
    fw_status st = fw_checkpoint_find(&s->store, "job", &f, NULL);

    if (st != FW_OK)
        return st;
    claim(f.version == s->version && f.n_bad == 0,
          "a fault does not make a good checkpoint a bad one");
    st = fw_job_init(&job, &f.spec, 1, 0, NULL);
    if (st == FW_OK)
        st = fw_gather_create(job.pool, ELEMENTS, FW_DTYPE_F32, NULL, &g);
    if (st == FW_OK)
        st = fw_checkpoint_load(&f, fw_floats_blocks(g->blocks),
                                fw_floats_flat(s->momentum), NULL);
    if (st == FW_OK) {
        g->filled = ELEMENTS;
        st = fw_job_restore(&job, g, s->momentum, f.version, NULL);
        g = NULL;
    }
    if (st == FW_OK)
        st = fw_job_resurrect(&job, &f.state, 0, NULL);
    if (st == FW_OK)
        st = work(s, &job, &saved);
    fw_saved_job_close(&saved);
    fw_gather_close(g);
    fw_job_close(&job);
    fw_checkpoint_file_close(&f);
    return st;
}

static fw_status save(struct scene *s)
{
    struct fw_saved_job state = {.epoch = 1,
                                 .controller = {.law = FW_LAW_COUNT,
                                                .learning_rate = 1,
                                                .pinned_rate = 1}};
    const struct fw_checkpoint c = {.spec = &s->spec,
                                    .version = s->version + 1,
                                    .incarnation = 1,
                                    .weights = fw_floats_flat(s->weights),
                                    .momentum = fw_floats_flat(s->momentum),
                                    .state = &state};
    char path[FW_PATH_MAX];
    fw_status st = fw_checkpoint_save(&s->store, &c, path, NULL);

    if (st == FW_OK)
        s->version++;
    return st;
}

/* The next message of all, there and back. */
static fw_status message(struct scene *s)
{
    const struct fw_bytes *in = &s->samples[s->message];
    struct fw_bytes out = {0};
    fw_status st = pb_messages[s->message].again(in->data, in->n, &out, NULL);

    claim(st != FW_OK || (out.n == in->n && !memcmp(out.data, in->data, out.n)),
          "a message comes back whole or not at all");
    fw_bytes_close(&out);
    return st;
}

static fw_status files(struct scene *s)
{
    static const char yaml[] = "listen: 127.0.0.1:1\nadmin: {hosts: [a, b]}\n";
    struct fw_server_config config;
    struct fw_tokens tokens = {0};
    char text[FW_TOKEN_TEXT_MAX + 1];
    char path[32];
    int fd = memfd_create("config", MFD_CLOEXEC);
    fw_status st;

    (void)s;
    claim(fd >= 0 && write(fd, yaml, sizeof(yaml) - 1) > 0, "a file is there");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    st = fw_server_config_load(&config, path, NULL);
    if (st == FW_OK)
        st = fw_tokens_add(&tokens, FW_ROLE_WORKER, "job", NOW_S, text, NULL);
    if (st == FW_OK && !fw_tokens_find(&tokens, text, strlen(text)))
        st = FW_NOMEM; /* its hash needs memory */
    faulty_memory_pause(true);
    claim(!tokens.n || fw_tokens_find(&tokens, text, strlen(text)),
          "a token that was made is known");
    faulty_memory_pause(false);
    fw_tokens_close(&tokens);
    close(fd);
    return st;
}

/* --- every N --- */

typedef fw_status (*attempt)(struct scene *s);

static void assert_whole(struct scene *s)
{
    struct fw_checkpoint_file f = {0};

    claim(fw_checkpoint_find(&s->store, "job", &f, NULL) == FW_OK &&
              f.version >= s->version && f.n_bad == 0,
          "what was saved is there and whole");
    s->version = f.version;
    fw_checkpoint_file_close(&f);
}

static void scene_open(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    memory_disk_open(&s->disk);
    s->store = (struct fw_store){&s->disk.disk, "/data", 3};
    s->tensors[0] = (struct fw_tensor_spec){"a", 2, {10, 10}};
    for (unsigned i = 1; i < TENSORS; i++) {
        s->tensors[i] = (struct fw_tensor_spec){"", 1, {SMALL}};
        snprintf(s->tensors[i].name, sizeof(s->tensors[i].name), "b%u", i);
    }
    s->tensors[TENSORS - 1].shape[0] = ELEMENTS - 100 - (TENSORS - 2) * SMALL;
    snprintf(s->spec.name, sizeof(s->spec.name), "job");
    s->spec.tensors = (struct fw_tensor_list){s->tensors, TENSORS};
    s->spec.controller.reference_momentum = 0.9;
    s->spec.controller.reference_learning_rate = 0.01;
    fw_job_spec_default(&s->spec);
    claim(fw_store_prepare(&s->store, NULL) == FW_OK && save(s) == FW_OK,
          "a first checkpoint can be written");
}

/* A new disk before the old one's room is used up. */
static void refresh(struct scene *s)
{
    if (s->disk.n_files < MEMORY_DISK_FILES / 2 &&
        s->disk.n_names < MEMORY_DISK_NAMES / 2)
        return;
    memory_disk_close(&s->disk);
    scene_open(s);
}

/* How many allocations were made to fail. */
static uint64_t fail_allocations(struct scene *s, attempt try, bool all)
{
    for (unsigned long n = 0;; n++) {
        fw_status st;
        bool happened;

        refresh(s);
        faulty_memory_start(n, all);
        st = try(s);
        happened = faulty_memory_stop();
        claim(happened || st == FW_OK, "what nothing stands against succeeds");
        assert_whole(s);
        if (!happened)
            return n;
    }
}

static uint64_t fail_calls(struct scene *s, attempt try, int error, bool all)
{
    for (uint64_t n = 0;; n++) {
        fw_status st;
        bool reached;

        refresh(s);
        s->disk.fail_at = s->disk.calls + n;
        s->disk.error = error;
        s->disk.sticky = all;
        st = try(s);
        reached = s->disk.calls > s->disk.fail_at;
        s->disk.fail_at = MEMORY_DISK_NEVER;
        claim(reached || st == FW_OK, "what nothing stands against succeeds");
        assert_whole(s);
        if (!reached)
            return n;
    }
}

/* Each message as every other attempt, on a scene of its own. */
static uint64_t fail_messages(struct scene *s)
{
    struct fw_bytes *samples = calloc(pb_messages_n, sizeof(*samples));
    uint64_t memory = 0;

    claim(samples != NULL, "there is memory for samples");
    scene_open(s);
    s->samples = samples;
    for (s->message = 0; s->message < pb_messages_n; s->message++) {
        struct fw_bytes *sample = &samples[s->message];

        pb_sample(pb_messages[s->message].type, sample);
        for (int all = 0; all < 2; all++)
            memory += fail_allocations(s, message, all != 0);
        fw_bytes_close(sample);
    }
    memory_disk_close(&s->disk);
    free(samples);
    return memory;
}

int main(int argc, char **argv)
{
    static const attempt tries[] = {save, load, files};
    static const int errors[] = {-EIO, -ENOSPC, -EINTR, 0};
    static struct scene s;
    struct run run = {.count = 1};
    uint64_t memory = 0;
    uint64_t disk = 0;

    memory_disk_allocates = faulty_memory_pause;
    faulty_memory_init();
    faulty_memory_spare_tokens(true);
    if (!run_options(&run, argc, argv))
        return 2;
    for (size_t t = 0; t < sizeof(tries) / sizeof(*tries); t++) {
        for (int kind = 0; kind < 4; kind++) {
            scene_open(&s);
            faulty_memory_only_json(kind / 2);
            memory += fail_allocations(&s, tries[t], kind % 2);
            faulty_memory_only_json(false);
            memory_disk_close(&s.disk);
        }
        for (size_t e = 0; t < 2 && e < sizeof(errors) / sizeof(*errors); e++) {
            bool can_last = errors[e] < -EINTR; /* others are tried for ever */

            for (int all = 0; all < 1 + can_last; all++) {
                scene_open(&s);
                disk += fail_calls(&s, tries[t], errors[e], all != 0);
                memory_disk_close(&s.disk);
            }
        }
    }
    memory += fail_messages(&s);
    printf("T4: %" PRIu64 " allocations and %" PRIu64
           " calls to the disk failed, each N, once and for good: no crash, "
           "nothing lost\n",
           memory, disk);
    return 0;
}
