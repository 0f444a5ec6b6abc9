/* doctor.h - what `flywheel doctor` found, and how it judges what it measured.
 *
 * A judgement turns numbers into a finding: pure, so that it is tested without
 * the machine that it is about.  Who measures is doctor_check.h.
 *
 * Layer: client/cli.  Thread: the main one.  Plain data. */
#ifndef FW_CLI_DOCTOR_H
#define FW_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/base/status.h"

#define FW_FINDINGS_MAX 32

enum fw_verdict {
    FW_FOUND_OK,
    FW_FOUND_WARN, /* works, but not well or not for long */
    FW_FOUND_FAIL, /* does not work */
};

struct fw_finding {
    enum fw_verdict verdict;
    const char *check; /* a word; a literal */
    char text[400];    /* what was found */
    char mend[200];    /* what to do; empty if all is well */
};

/* OK, WARN, FAIL. */
const char *fw_verdict_name(enum fw_verdict v);

/* A finding from its parts. */
FW_PRINTF(4, 5)
struct fw_finding fw_found(enum fw_verdict v, const char *check,
                           const char *mend, const char *fmt, ...);

/* How long a connection took. */
struct fw_finding fw_judge_connect(const char *address, int64_t us);

/* A certificate of `what`, that is good for `days` more (below 0: over). */
struct fw_finding fw_judge_certificate(const char *what, int64_t days);

/* Versions "major.minor.patch" of this program and of a server. */
struct fw_finding fw_judge_version(const char *mine, const char *server);

/* The server's clock minus ours, known to within `slack_ms`; `server_ms` 0: it
 * does not tell. */
struct fw_finding fw_judge_clock(int64_t server_ms, int64_t ours_ms,
                                 int64_t slack_ms);

/* Descriptors a process may open, and may ask to open. */
struct fw_finding fw_judge_files(uint64_t soft, uint64_t hard, bool server);

/* Bytes of memory that are free to use, and in all. */
struct fw_finding fw_judge_memory(uint64_t available, uint64_t total);

/* Threads of one worker's BLAS (0: not said, so every core), workers on this
 * machine, cores. */
struct fw_finding fw_judge_blas(uint64_t threads, uint64_t workers,
                                uint64_t cores);

/* Bytes that a folder can take. */
struct fw_finding fw_judge_space(const char *path, uint64_t bytes);

/* Bytes that were on disk after so long. */
struct fw_finding fw_judge_disk(uint64_t bytes, int64_t us);

/* Permissions of a data folder (st_mode), and whether it is ours. */
struct fw_finding fw_judge_mode(const char *path, uint32_t mode, bool ours);

/* The worst of them: the exit code is 1 for FW_FOUND_FAIL. */
enum fw_verdict fw_worst(const struct fw_finding *items, size_t n);

#endif
