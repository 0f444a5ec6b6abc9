/* supervisor.h - tells whoever started the server how it is (sd_notify(3)).
 *
 * READY=1 once it listens, STOPPING=1 when it goes down, and WATCHDOG=1 while
 * the port lets somebody in: the server calls itself there now and then
 * (server/rpc/pulse.h).  One whose port is dead is deaf; it keeps what it has
 * and is not ready, and a supervisor that hears nothing starts it anew.
 *
 * Layer: server/app.  Thread: the loop's.  Lives in the daemon. */
#ifndef FW_APP_SUPERVISOR_H
#define FW_APP_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>
#include <uv.h>

struct fw_supervisor {
    /* set at open */
    int fd;                /* owned; -1: nobody wants to know */
    struct sockaddr_un at; /* of who does */
    socklen_t n_at;
    int64_t every_ms; /* between two signs of life; 0: none are wanted */
    int64_t call_ms;  /* between two calls of ourselves; also what one may take
                       */
    int64_t grace_ms; /* without an answer, before we are deaf */

    /* set by watch */
    uv_loop_t *loop;    /* lent; NULL: there is no port to call */
    const char *listen; /* lent */
    int port;
    bool tls;

    uv_work_t work; /* the pool's while `calling` */
    bool calling;
    bool felt;         /* what the newest call has found */
    bool deaf;         /* nobody was let in for the grace */
    int64_t called_ms; /* when the newest one began */
    int64_t alive_ms;  /* when the last one that was answered began */
    int64_t told_ms;   /* the last sign of life */
};

/* Find out who wants to know: NOTIFY_SOCKET, WATCHDOG_USEC. */
void fw_supervisor_open(struct fw_supervisor *s);
void fw_supervisor_close(struct fw_supervisor *s);

/* "READY=1", "STOPPING=1"; nothing if nobody wants to know. */
void fw_supervisor_tell(struct fw_supervisor *s, const char *what);

/* From now on call this port of our own, on the loop's pool. */
void fw_supervisor_watch(struct fw_supervisor *s, uv_loop_t *loop,
                         const char *listen, int port, bool tls);

/* Time passes; true if `deaf` has changed. */
bool fw_supervisor_tick(struct fw_supervisor *s, int64_t now_ms);

#endif
