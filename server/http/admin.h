/* admin.h - the administrator's listener: HTTP on a thread and loop of its own,
 * so that nobody who watches holds up training or the main loop.
 *
 * Layer: server/http.  Thread: open, set and close on any one; the rest on its
 * own.  Lives in the program's daemon. */
#ifndef FW_HTTP_ADMIN_H
#define FW_HTTP_ADMIN_H

#include <pthread.h>
#include <uv.h>

#include "server/http/conn.h"
#include "server/http/site.h"

#define FW_ADMIN_CONNECTIONS 160 /* more are turned away */
#define FW_ADMIN_WORKS       2   /* slow answers at a time; others wait */

struct fw_admin {
    struct fw_site site;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t stop; /* close all */
    uv_timer_t tick; /* deadlines, events */
    pthread_t thread;
    struct fw_list conns; /* fw_conn; they end by themselves */
    unsigned n_works;     /* in the pool */
    bool is_left;         /* a connection waits to be taken */
    int port;             /* bound; 0: it does not run */
};

/* Listen and serve; does nothing if the configuration says "off".  FW_IO,
 * FW_INVALID with a clear line; then nothing runs. */
FW_MUST_USE fw_status fw_admin_open(struct fw_admin *a,
                                    const struct fw_admin_config *config,
                                    struct fw_jobs *jobs, struct fw_err *err);

/* What /readyz says from now on. */
void fw_admin_set(struct fw_admin *a, enum fw_site_state state);

/* Hang up, end the thread.  Before the jobs are closed.  Safe if it was never
 * opened. */
void fw_admin_close(struct fw_admin *a);

/* For conn.c: a slow answer is wanted; one was given. */
void fw_admin_queue(struct fw_admin *a, struct fw_conn *c);
void fw_admin_worked(struct fw_admin *a);

#endif
