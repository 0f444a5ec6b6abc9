/* patience.h - how long a lane may take to say what it wants.
 *
 * What the meter (meter.h) is for connections that gRPC has: who does not
 * greet, names no stream or sends a message byte by byte is not waited for.
 * Silence between two messages is the session's to judge, by its lease.
 *
 * Layer: server/rpc.  Thread: the lane's.  Plain data. */
#ifndef FW_RPC_PATIENCE_H
#define FW_RPC_PATIENCE_H

#include <stdint.h>

#include "server/store/config.h"

struct fw_patience {
    int64_t born_ms;  /* when it was accepted */
    uint64_t came;    /* bytes, ever; counted by the owner */
    int64_t moved_ms; /* since when a message is awaited; 0: none is */
    uint64_t brought; /* bytes that had come then */
};

/* What is waited for when nothing is there to be read. */
enum fw_stage {
    FW_STAGE_HELLO,   /* the preface */
    FW_STAGE_FIRST,   /* the first message, which names the stream */
    FW_STAGE_BETWEEN, /* another, or nothing */
    FW_STAGE_WITHIN,  /* the rest of one */
};

/* Milliseconds that there still are; 0: none. */
int fw_patience_left(struct fw_patience *p, const struct fw_deadlines *d,
                     enum fw_stage stage, int64_t now_ms);

#endif
