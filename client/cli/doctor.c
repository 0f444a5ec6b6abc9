#include "client/cli/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/words.h"

#define MB 1000000ULL
#define GB (1000 * MB)

#define CONNECT_SLOW_US  50000 /* a round trip a gradient is felt */
#define DAYS_SHORT       21    /* to renew a certificate */
#define SKEW_WARN_MS     2000  /* events of two machines change places */
#define SKEW_FAIL_MS     60000 /* certificates and tokens get it wrong */
#define FILES_SERVER     4096  /* workers, checkpoints, watchers */
#define FILES_WORKER     256
#define FILES_FAIL       64
#define MEMORY_LEAST     (256 * MB)
#define SPACE_LEAST      (100 * MB)
#define SPACE_SHORT      (2 * GB)
#define DISK_SLOW_MB_S   50.0
#define CHECKPOINT_BYTES (80 * MB) /* 10 million parameters and velocities */
#define OTHERS           077       /* permissions of group and others */
#define MS_PER_S         1000.0
#define US_PER_MS        1000.0
#define US_PER_S         1e6

const char *fw_verdict_name(enum fw_verdict v)
{
    static const char *const names[] = {"OK", "WARN", "FAIL"};

    return names[v];
}

struct fw_finding fw_found(enum fw_verdict v, const char *check,
                           const char *mend, const char *fmt, ...)
{
    struct fw_finding f = {.verdict = v, .check = check};
    va_list args;

    va_start(args, fmt);
    vsnprintf(f.text, sizeof(f.text), fmt, args);
    va_end(args);
    snprintf(f.mend, sizeof(f.mend), "%s", v == FW_FOUND_OK ? "" : mend);
    return f;
}

struct fw_finding fw_judge_connect(const char *address, int64_t us)
{
    return fw_found(us < CONNECT_SLOW_US ? FW_FOUND_OK : FW_FOUND_WARN,
                    "connect",
                    "put the workers nearer to the server, or fewer rounds "
                    "into more work: a larger --batch",
                    "%s answers in %.1f ms", address, (double)us / US_PER_MS);
}

struct fw_finding fw_judge_certificate(const char *what, int64_t days)
{
    enum fw_verdict v = FW_FOUND_OK;

    if (days < 0)
        return fw_found(FW_FOUND_FAIL, "certificate",
                        "make a new one; flywheeld takes it on SIGHUP",
                        "%s ran out %" PRId64 " days ago", what, -days);
    if (days < DAYS_SHORT)
        v = FW_FOUND_WARN;
    return fw_found(v, "certificate",
                    "renew it soon; flywheeld takes it on SIGHUP",
                    "%s is good for %" PRId64 " more days", what, days);
}

/* "1.2.3" as three numbers; what is missing is 0. */
static void split_version(const char *text, unsigned long out[3])
{
    char *at = (char *)text;

    for (int i = 0; i < 3; i++) {
        out[i] = strtoul(at, &at, 10);
        if (*at == '.')
            at++;
    }
}

struct fw_finding fw_judge_version(const char *mine, const char *server)
{
    enum fw_verdict v = FW_FOUND_OK;
    unsigned long a[3];
    unsigned long b[3];

    split_version(mine, a);
    split_version(server, b);
    if (a[0] != b[0])
        v = FW_FOUND_FAIL;
    else if (a[1] != b[1])
        v = FW_FOUND_WARN;
    return fw_found(v, "version",
                    "install the same version on the server and its workers",
                    "flywheeld %s, flywheel %s", server, mine);
}

struct fw_finding fw_judge_clock(int64_t server_ms, int64_t ours_ms,
                                 int64_t slack_ms)
{
    int64_t skew = server_ms - ours_ms;
    int64_t sure = llabs(skew) - slack_ms; /* at least so much */
    enum fw_verdict v = FW_FOUND_OK;

    if (server_ms == 0)
        return fw_found(FW_FOUND_WARN, "clock",
                        "compare `date` on both machines; newer servers tell",
                        "unknown: the server does not tell its time");
    if (sure > SKEW_FAIL_MS)
        v = FW_FOUND_FAIL;
    else if (sure > SKEW_WARN_MS)
        v = FW_FOUND_WARN;
    return fw_found(v, "clock", "let both machines keep time: NTP or chrony",
                    "the server's is %.1f s %s (to within %.1f s)",
                    (double)llabs(skew) / MS_PER_S,
                    skew < 0 ? "behind" : "ahead", (double)slack_ms / MS_PER_S);
}

struct fw_finding fw_judge_files(uint64_t soft, uint64_t hard, bool server)
{
    uint64_t wanted = server ? FILES_SERVER : FILES_WORKER;
    enum fw_verdict v = FW_FOUND_OK;
    char mend[128];

    if (soft < FILES_FAIL)
        v = FW_FOUND_FAIL;
    else if (soft < wanted)
        v = FW_FOUND_WARN;
    snprintf(mend, sizeof(mend),
             "ulimit -n %" PRIu64 "%s, or LimitNOFILE= of its systemd unit",
             wanted, hard < wanted ? " (as root)" : "");
    return fw_found(v, "files", mend, "%" PRIu64 " may be open at a time",
                    soft);
}

struct fw_finding fw_judge_memory(uint64_t available, uint64_t total)
{
    enum fw_verdict v = FW_FOUND_OK;

    if (available < MEMORY_LEAST)
        v = FW_FOUND_FAIL;
    else if (available < total / 10) /* a tenth: about to swap */
        v = FW_FOUND_WARN;
    return fw_found(v, "memory", "end other programs, or take a larger machine",
                    "%.1f of %.1f GB are free", (double)available / GB,
                    (double)total / GB);
}

struct fw_finding fw_judge_blas(uint64_t threads, uint64_t workers,
                                uint64_t cores)
{
    uint64_t each = threads ? threads : cores;
    uint64_t share = workers && cores / workers ? cores / workers : 1;
    bool alone = workers <= 1 && threads == 0;
    char mend[64];

    snprintf(mend, sizeof(mend), "export OPENBLAS_NUM_THREADS=%" PRIu64, share);
    return fw_found(
        alone || each * workers <= cores ? FW_FOUND_OK : FW_FOUND_WARN, "blas",
        mend,
        "%" PRIu64 " worker%s of %" PRIu64 " thread%s%s on %" PRIu64 " core%s",
        workers, fw_plural(workers), each, fw_plural(each),
        threads ? "" : " (OPENBLAS_NUM_THREADS is not set)", cores,
        fw_plural(cores));
}

struct fw_finding fw_judge_space(const char *path, uint64_t bytes)
{
    enum fw_verdict v = FW_FOUND_OK;

    if (bytes < SPACE_LEAST)
        v = FW_FOUND_FAIL;
    else if (bytes < SPACE_SHORT)
        v = FW_FOUND_WARN;
    return fw_found(v, "space",
                    "free some, choose another --data, or keep fewer "
                    "checkpoints (checkpoint.keep)",
                    "%.1f GB are free at %s", (double)bytes / GB, path);
}

struct fw_finding fw_judge_disk(uint64_t bytes, int64_t us)
{
    double seconds = (double)(us > 0 ? us : 1) / US_PER_S;
    double speed = (double)bytes / MB / seconds;

    return fw_found(speed < DISK_SLOW_MB_S ? FW_FOUND_WARN : FW_FOUND_OK,
                    "disk",
                    "a faster disk for --data, or a longer "
                    "checkpoint.interval_s",
                    "%.0f MB/s with fsync: a checkpoint of 10 million "
                    "parameters takes about %.1f s",
                    speed, (double)CHECKPOINT_BYTES / MB / speed);
}

struct fw_finding fw_judge_mode(const char *path, uint32_t mode, bool ours)
{
    if (!ours)
        return fw_found(FW_FOUND_WARN, "owner",
                        "chown it to the user that flywheeld runs as",
                        "%s belongs to another user", path);
    return fw_found(mode & OTHERS ? FW_FOUND_WARN : FW_FOUND_OK, "owner",
                    "chmod 700 it: tokens and parameters lie in it",
                    "%s has permissions %03o", path, mode & 0777);
}

enum fw_verdict fw_worst(const struct fw_finding *items, size_t n)
{
    enum fw_verdict worst = FW_FOUND_OK;

    for (size_t i = 0; i < n; i++) {
        if (items[i].verdict > worst)
            worst = items[i].verdict;
    }
    return worst;
}
