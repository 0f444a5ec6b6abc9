/* daemon.h - the parts of flywheeld, and the order of their birth and death.
 *
 * Layer: server/app.  Thread: the main one, which runs the libuv loop. */
#ifndef FW_APP_DAEMON_H
#define FW_APP_DAEMON_H

#include <uv.h>

#include "server/app/feed.h"
#include "server/app/options.h"
#include "server/app/supervisor.h"
#include "server/engine/errands.h"
#include "server/engine/jobs.h"
#include "server/http/admin.h"
#include "server/rpc/server.h"
#include "server/store/checkpoint.h"
#include "server/store/lock.h"

struct fw_daemon {
    struct fw_server_config config;
    struct fw_lock lock;   /* of the data folder */
    struct fw_store store; /* where checkpoints go */
    struct fw_jobs jobs;
    struct fw_errands errands; /* of the jobs, on the loop's pool */
    struct fw_server server;
    struct fw_admin admin; /* watches; ends behind the server */
    struct fw_feed feed;   /* of the history; ends behind the jobs */
    struct fw_supervisor supervisor;
    uv_loop_t loop;
    uv_timer_t tick; /* watchers and leases */
    uv_timer_t save; /* checkpoints */
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_signal_t reload; /* SIGHUP */
    uv_work_t saving;   /* in the pool while `is_saving` */
    uv_work_t closing;  /* in the pool while going down */
    bool is_saving;
    bool saving_all;     /* it is for the interval, not for the steps */
    unsigned save_ticks; /* since the last save of all */
    bool is_closing;
    unsigned ticks; /* since birth */
};

/* Run until a signal; returns the exit code. */
int fw_daemon_run(struct fw_daemon *d);

#endif
