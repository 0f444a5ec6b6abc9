/* knock.h - what the first bytes of a connection say, without taking them.
 *
 * gRPC gets a connection when its client's preface and SETTINGS are there: what
 * is silent, slow or something else costs no more than a descriptor.
 *
 * Layer: server/rpc.  Thread: any.  No state. */
#ifndef FW_RPC_KNOCK_H
#define FW_RPC_KNOCK_H

#include <stddef.h>
#include <stdint.h>

enum fw_knock {
    FW_KNOCK_WAIT,   /* not told yet */
    FW_KNOCK_HTTP2,  /* preface and SETTINGS are whole */
    FW_KNOCK_STRANGE /* another language, or the end */
};

/* The first `n` bytes. */
enum fw_knock fw_knock_judge(const uint8_t *data, size_t n);

/* Look at what has come so far. */
enum fw_knock fw_knock_peek(int fd);

#endif
