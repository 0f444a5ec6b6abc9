/* doctor_check.h - the things that `flywheel doctor` measures.
 *
 * A check adds what it found.  Nothing is changed on the machine: what the
 * disk's check writes it removes.
 *
 * Layer: client/cli.  Thread: the main one.  One visit a run. */
#ifndef FW_CLI_DOCTOR_CHECK_H
#define FW_CLI_DOCTOR_CHECK_H

#include "client/cli/args.h"
#include "client/cli/doctor.h"
#include "server/store/config.h"

struct fw_visit {
    /* set by the caller */
    const struct fw_cli_common *common; /* lent; address, files of TLS */
    bool serving;                       /* flywheeld is to run here */
    uint64_t workers;                   /* of this machine, running or to be */
    struct fw_server_config config;     /* of flywheeld, if `serving` */

    /* out */
    struct fw_finding found[FW_FINDINGS_MAX];
    size_t n;
    bool running;   /* a server has the data folder already */
    bool unreached; /* no connection: what needs one is left out */
};

/* Add a finding; those above FW_FINDINGS_MAX are dropped. */
void fw_visit_add(struct fw_visit *v, struct fw_finding f);

typedef void fw_check_fn(struct fw_visit *v);

fw_check_fn fw_check_connect; /* resolve and connect */
fw_check_fn fw_check_tls;     /* handshake, names, days left; with --ca */
fw_check_fn fw_check_service; /* answers, version, clock */
fw_check_fn fw_check_files;   /* descriptors */
fw_check_fn fw_check_memory;
fw_check_fn fw_check_blas;
fw_check_fn fw_check_folder;       /* data folder: there, ours, locked, room */
fw_check_fn fw_check_disk;         /* its speed */
fw_check_fn fw_check_ports;        /* of flywheeld: free */
fw_check_fn fw_check_certificates; /* of flywheeld's configuration */

/* A TCP connection to host:port, within the visit's timeout; -1: none, and
 * `err` says why. */
int fw_doctor_dial(const struct fw_cli_common *common, struct fw_err *err);

#endif
