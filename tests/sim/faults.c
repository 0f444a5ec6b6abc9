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
#include "tests/support/memory_disk.h"

#define ELEMENTS 300u
#define NEVER    (-1L)
#define NOW_S    1700000000

/* The linker sends the allocations of the code under test here (--wrap); those
 * inside of shared libraries are not reached: a run that reached them ended in
 * an abort inside of jansson, which is not explained. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

static long left = NEVER; /* allocations before the one that fails */
static bool sticky;       /* and all behind it */
static bool happened;
static bool paused; /* the disk, which is no part of it, allocates */

static void pause_faults(bool begins)
{
    paused = begins;
}

static bool fails(void)
{
    bool now = left == 0;

    if (left == NEVER || paused)
        return false;
    if (left > 0)
        left--;
    if (now && !sticky)
        left = NEVER;
    happened |= now;
    return now;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

/* --- what is tried --- */

struct scene {
    struct memory_disk disk;
    struct fw_store store;
    struct fw_tensor_spec tensors[2];
    struct fw_job_spec spec;
    float weights[ELEMENTS];
    float momentum[ELEMENTS];
    uint64_t version; /* of the newest that was saved */
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

static fw_status messages(struct scene *s)
{
    struct fw_job_message in = {.spec = s->spec, .request_id = "r"};
    struct fw_job_message out = {0};
    struct fw_bytes bytes = {0};
    fw_status st = fw_encode_create_job_request(&in, &bytes);

    if (st == FW_OK)
        st = fw_decode_create_job_request(bytes.data, bytes.n, &out, NULL);
    fw_job_message_close(&out);
    fw_bytes_close(&bytes);
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
    if (st == FW_OK)
        claim(fw_tokens_find(&tokens, text, strlen(text)) != NULL,
              "a token that was made is known");
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
    s->tensors[1] = (struct fw_tensor_spec){"b", 1, {ELEMENTS - 100}};
    snprintf(s->spec.name, sizeof(s->spec.name), "job");
    s->spec.tensors = (struct fw_tensor_list){s->tensors, 2};
    s->spec.controller.reference_momentum = 0.9;
    s->spec.controller.reference_learning_rate = 0.01;
    fw_job_spec_default(&s->spec);
    claim(fw_store_prepare(&s->store, NULL) == FW_OK && save(s) == FW_OK,
          "a first checkpoint can be written");
}

/* A new disk before the old one's room is used up. */
static void refresh(struct scene *s)
{
    if (s->disk.n_files < MEMORY_DISK_FILES / 2)
        return;
    memory_disk_close(&s->disk);
    scene_open(s);
}

/* How many allocations were made to fail. */
static uint64_t fail_allocations(struct scene *s, attempt try, bool all)
{
    for (long n = 0;; n++) {
        fw_status st;

        refresh(s);
        left = n;
        sticky = all;
        happened = false;
        st = try(s);
        left = NEVER;
        claim(happened || st == FW_OK, "what nothing stands against succeeds");
        assert_whole(s);
        if (!happened)
            return (uint64_t)n;
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

int main(int argc, char **argv)
{
    static const attempt tries[] = {save, load, messages, files};
    static const int errors[] = {-EIO, -ENOSPC, -EINTR, 0};
    static struct scene s;
    struct run run = {.count = 1};
    uint64_t memory = 0;
    uint64_t disk = 0;

    memory_disk_allocates = pause_faults;
    if (!run_options(&run, argc, argv))
        return 2;
    for (size_t t = 0; t < sizeof(tries) / sizeof(*tries); t++) {
        for (int all = 0; all < 2; all++) {
            scene_open(&s);
            memory += fail_allocations(&s, tries[t], all != 0);
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
    printf("T4: %" PRIu64 " allocations and %" PRIu64
           " calls to the disk failed, each N, once and for good: no crash, "
           "nothing lost\n",
           memory, disk);
    return 0;
}
