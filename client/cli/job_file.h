/* job_file.h - a job's options in a YAML file: one `option: value` a line, the
 * options being those of the command line without their dashes.
 *
 *     model: cnn
 *     momentum: 0.9
 *     learning-rate: 0.01
 *     groups: auto
 *
 * The command line overrides the file.  The same file serves `job create`,
 * `train` and `tune`: what only another of them understands is left alone.
 *
 * Layer: client/cli.  Thread: the main one.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_CLI_JOB_FILE_H
#define FW_CLI_JOB_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "sdk/base/status.h"

#define FW_JOB_FILE_HELP "options of the job, from a YAML file"

struct fw_job_line {
    char *key;   /* owned */
    char *value; /* owned */
    unsigned line;
};

struct fw_job_file {
    struct fw_job_line *lines; /* owned */
    size_t n;
};

/* FW_NOT_FOUND, FW_IO, FW_INVALID (names file and line), FW_NOMEM; on failure
 * *f is closed. */
FW_MUST_USE fw_status fw_job_file_load(const char *path, struct fw_job_file *f,
                                       struct fw_err *err);
void fw_job_file_close(struct fw_job_file *f);

/* Whether some command understands the option `key` in a job file. */
bool fw_job_file_knows(const char *key);

#endif
