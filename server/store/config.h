/* config.h - the server's configuration, from YAML.
 *
 *     listen: 127.0.0.1:7070      where gRPC listens; off: not by TCP
 *     local:                      and a socket of this machine: none
 *       path: /run/flywheel.sock
 *       mode: 0600                or 0660: the file's group, too
 *     data_dir: flywheel-data     checkpoints; else $FLYWHEEL_DATA
 *     log_level: info             debug, info, warn, error
 *     checkpoint:
 *       interval_s: 30            0: only when the server ends
 *       steps: 1000               or so many versions, whichever is first;
 *                                 0: by time alone
 *       keep: 3                   newest checkpoints of each job
 *     limits:
 *       max_jobs: 64
 *       max_connections: 12000    lanes, too
 *       max_per_peer: 512         of one address that is not this machine
 *       wave_mb_per_second: 400   gradients that come so fast are stepped while
 *                                 they come; 0: none
 *       max_watchers: 256         streams of status and health, by gRPC
 *       job_memory_mb: 0          that a job may hold; 0: no limit
 *       job_mb_per_second: 0      gradients that come and parameters that go
 *       job_gradients_per_second: 0
 *       handshake_ms: 3000        until it has said what it speaks; TLS, too
 *       first_call_ms: 5000       from its birth until its first call
 *       progress_ms: 10000        until the message of a call has come, or
 *       progress_bytes: 10240     so much of it (a slow link is no attack)
 *       unread_ms: 30000          until a message that we send was taken
 *       read_mb_per_second: 1     of parameters, by who has others wait; 0: any
 *       idle_ms: 20000            without any call: it is asked to leave
 *     admin:
 *       listen: 127.0.0.1:7071    HTTP for the administrator; off: none
 *       token_file: admin.token   asked for by all but health and the page
 *       hosts: [box.example]      names of this machine beside the loopback's
 *     history:
 *       enabled: true             DATA_DIR/history.db
 *       interval_ms: 1000         between two rows of a job
 *       keep_days: 30
 *       max_mb: 512               above it the oldest points go
 *     tls:                        none: the wire is plain
 *       cert: server.pem          chain
 *       key: server.key
 *       client_ca: ca.pem         clients must have a certificate of it
 *     auth:
 *       tokens: flywheel-data/tokens    the default, if it is there
 *
 * Every key is optional; an unknown one is an error that names its line.
 *
 * Layer: server/store.  Thread: the main one.  Plain data. */
#ifndef FW_STORE_CONFIG_H
#define FW_STORE_CONFIG_H

#include "sdk/base/log.h"
#include "sdk/wire/messages.h"

#define FW_ADDRESS_MAX     256
#define FW_HOSTS_MAX       16
#define FW_SOCKET_PATH_MAX 108 /* with the end; the system's limit */

struct fw_admin_config {
    char listen[FW_ADDRESS_MAX];              /* IP:PORT or "off" */
    char token_file[FW_PATH_MAX];             /* empty: no token is asked for */
    char hosts[FW_HOSTS_MAX][FW_ADDRESS_MAX]; /* that a Host header may say */
    uint32_t n_hosts;
};

struct fw_history_config {
    bool enabled;         /* runs are written down */
    uint32_t interval_ms; /* between two rows of a job */
    uint32_t keep_days;   /* what is older goes */
    uint32_t max_mb;      /* above it the oldest points go */
};

struct fw_tls_config {
    char cert[FW_PATH_MAX];      /* PEM; empty: no TLS */
    char key[FW_PATH_MAX];       /* PEM */
    char client_ca[FW_PATH_MAX]; /* PEM; empty: clients need none */
};

struct fw_local_config {
    char path[FW_SOCKET_PATH_MAX]; /* absolute; empty: none */
    uint32_t mode;                 /* of the file: 0600 or 0660 */
};

/* How long a connection may take, in ms. */
struct fw_deadlines {
    uint32_t handshake_ms;  /* until it has said what it speaks; TLS, too */
    uint32_t first_call_ms; /* from its birth until its first call */
    uint32_t progress_ms;   /* until the message of a call, or so many bytes: */
    uint32_t progress_bytes; /* what a slow link brings in that time */
    uint32_t unread_ms;      /* until the client has taken a message of ours */
    uint32_t read_mb_per_second; /* of parameters, if others wait; 0: any */
    uint32_t idle_ms;            /* without any call: it is asked to leave */
};

struct fw_server_config {
    char listen[FW_ADDRESS_MAX];    /* host:port, or "off" */
    struct fw_local_config local;   /* a socket beside it */
    char data_dir[FW_PATH_MAX];     /* folder */
    enum fw_log_level log_level;    /* lines below it are dropped */
    uint32_t checkpoint_interval_s; /* 0: only when the server ends */
    uint32_t checkpoint_steps;      /* versions since the last; 0: any */
    uint32_t checkpoint_keep;       /* newest ones of each job */
    uint32_t max_jobs;              /* in the server at a time */
    uint32_t max_connections;       /* at a time; lanes, too */
    uint32_t max_per_peer;          /* of one address but the loopback's */
    uint32_t wave_mb_per_second;    /* at least, of a stepped one; 0: none */
    uint32_t max_watchers;          /* streams of status and health */
    struct fw_quota_spec caps;      /* of each job; 0: none */
    struct fw_deadlines deadlines;  /* of connections */
    struct fw_admin_config admin;
    struct fw_history_config history;
    struct fw_tls_config tls; /* the listener's certificate */
    char tokens[FW_PATH_MAX]; /* file; empty: DATA_DIR/tokens */
};

/* Fill in the defaults, with $FLYWHEEL_DATA if it is set. */
void fw_server_config_default(struct fw_server_config *c);

/* Listen at this path, too.  FW_INVALID: too long, or not from the root. */
FW_MUST_USE fw_status fw_server_config_local(struct fw_server_config *c,
                                             const char *path,
                                             struct fw_err *err);

/* Defaults, and what a file says above them; `path` NULL: no file.  FW_INVALID
 * names file, line and key; FW_IO, FW_NOT_FOUND: it cannot be read.  On failure
 * `c` holds the defaults. */
FW_MUST_USE fw_status fw_server_config_load(struct fw_server_config *c,
                                            const char *path,
                                            struct fw_err *err);

#endif
