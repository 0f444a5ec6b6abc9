/* lab_args.h - what `lab run`, `lab grid` and `tune` are told, and the study
 * that it makes.
 *
 * Layer: client/cli.  Thread: the main one.  Texts are lent by argv.
 * Zero-initialise; close is safe twice. */
#ifndef FW_CLI_LAB_ARGS_H
#define FW_CLI_LAB_ARGS_H

#include "client/cli/args.h"
#include "client/cli/number_list.h"
#include "client/lab/study.h"

#define FW_LAB_ROWS 21u /* that fw_lab_args_rows() makes */

struct fw_lab_args {
    const char *problem;
    const char *data;
    const char *workers;
    const char *service;
    double straggler;
    const char *reference; /* MU,LR */
    double target_loss;    /* NAN: none */
    double max_time;
    uint64_t max_updates;
    uint64_t seeds;
    uint64_t seed;
    const char *changes;
    uint64_t batch;
    uint64_t check_every;
    uint64_t probe_interval;
    double unit_ms;
    bool validate;
    uint64_t threads;
    const char *report;
    bool quiet;
    const char *wire;

    /* what they mean */
    struct fw_dataset dataset; /* owned */
    struct fw_service times;   /* owned */
    struct fw_change change[FW_CHANGES_MAX];
    struct fw_cell cells[FW_NUMBERS_MAX];
    struct fw_number_list worker_counts;
    double began_s; /* for the time left */
};

void fw_lab_args_init(struct fw_lab_args *a);
void fw_lab_args_rows(struct fw_lab_args *a, struct fw_arg *rows);

/* Check, load the data, fill in the study but for its arms.  The study borrows
 * from `a`.  FW_CLI_OK, or an exit code after saying what is wrong. */
int fw_lab_args_study(const struct fw_args *args, struct fw_lab_args *a,
                      struct fw_study *study);
void fw_lab_args_close(struct fw_lab_args *a);

/* The whole command line, quoted for a shell, into `out`. */
void fw_lab_command_line(int argc, char **argv, const char *before, char *out,
                         size_t size);

#endif
