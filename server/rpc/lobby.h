/* lobby.h - where lanes rest that have nothing to do.
 *
 * A lane that was silent for a while gives back its thread, its buffer and its
 * eventfd, and is watched here.  One thread serves all of them: it takes their
 * heartbeats itself, and gives a lane a thread again when anything else comes
 * or is to be written.
 *
 * Layer: server/rpc.  Thread: take and call by any, the rest by the owner of
 * the lanes.  Lives inside fw_lanes. */
#ifndef FW_RPC_LOBBY_H
#define FW_RPC_LOBBY_H

#include <pthread.h>
#include <stdbool.h>

#include "sdk/base/bytes.h"
#include "sdk/base/list.h"
#include "sdk/base/status.h"

struct fw_lane;

struct fw_lobby {
    bool open;
    int watch; /* owned; epoll: lanes that something has come for */
    int wake;  /* owned; eventfd: somebody was called, or the end */
    pthread_t thread;
    struct fw_bytes beat; /* owned; the frame of a heartbeat */

    pthread_mutex_t lock;  /* guards what follows; taken after a call's */
    struct fw_list called; /* fw_lane.called: look at them */
    bool closing;
};

/* FW_NOMEM, FW_IO: it stays closed, and lanes keep their threads. */
FW_MUST_USE fw_status fw_lobby_open(struct fw_lobby *b);

/* No lane is left in it.  Safe twice and on zero. */
void fw_lobby_close(struct fw_lobby *b);

/* The lane's thread: let the lane rest here.  True: it must not be touched any
 * more by the caller.  False: it has something to do, or there is no room. */
bool fw_lobby_take(struct fw_lobby *b, struct fw_lane *l);

/* Any thread, the lock of the lane's call held and the lane in the lobby: have
 * its state looked at. */
void fw_lobby_call(struct fw_lobby *b, struct fw_lane *l);

#endif
