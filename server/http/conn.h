/* conn.h - one connection: read a head, answer, again.
 *
 *   READING --head--> QUEUED --> WORKING --> ANSWERING --> READING
 *      |                (slow routes only)   ^  |  |
 *      +-------------------------------------+  |  +--> LINGERING --> closed
 *                                               +--> STREAMING --> closed
 *
 * One request at a time, one write at a time: what a client does not read is
 * never more than one answer or event.  Every state but WORKING has a deadline.
 *
 * Layer: server/http.  Thread: the listener's; a slow route's answer is made in
 * the pool, while nothing else touches the connection's request and reply.
 * Owned by its fw_admin's list; ends by itself. */
#ifndef FW_HTTP_CONN_H
#define FW_HTTP_CONN_H

#include <uv.h>

#include "server/http/stream.h"

#define FW_CONN_IN 2048 /* bytes read at once */

struct fw_admin;

enum fw_conn_state {
    FW_CONN_READING,
    FW_CONN_QUEUED,
    FW_CONN_WORKING,
    FW_CONN_ANSWERING,
    FW_CONN_STREAMING,
    FW_CONN_LINGERING, /* all is said; waits for the client to hang up */
};

struct fw_conn {
    struct fw_list link;    /* in fw_admin.conns */
    struct fw_admin *admin; /* lent */
    uv_tcp_t tcp;
    uv_write_t write;  /* in flight while `writing` */
    uv_shutdown_t end; /* of the writing side */
    uv_work_t work;    /* in the pool while `working` */
    enum fw_conn_state state;
    int64_t deadline_ms; /* monotonic */
    bool writing;
    bool working;
    bool closed; /* the socket is; freed when nothing is in flight */

    struct fw_request request;
    char in[FW_CONN_IN]; /* bytes behind the request */
    size_t n_in;         /* of them */

    const struct fw_route *route; /* of the request */
    char part[FW_NAME_MAX + 1];   /* of its path */
    struct fw_reply reply;
    char head[FW_REPLY_HEAD_MAX]; /* of the answer under way */
    struct fw_stream stream;
    struct fw_frame frame; /* of the stream, under way */
};

/* Take one from the listener; it lives on by itself.  False without memory: to
 * be tried again, since libuv tells of no other connection before. */
bool fw_conn_accept(struct fw_admin *admin, uv_stream_t *listener);

/* Time passes: deadlines, events. */
void fw_conn_tick(struct fw_conn *c, int64_t now_ms);

/* For admin.c: make the slow answer in the pool now. */
void fw_conn_work(struct fw_conn *c);

/* Hang up.  Safe twice. */
void fw_conn_close(struct fw_conn *c);

#endif
