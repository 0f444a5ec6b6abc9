/* frame.h - the lane: messages of a Train stream over a plain TCP connection.
 *
 * gRPC's own HTTP/2 costs more than the rest of a round; so the library opens
 * the Train stream on a second port if the answer to Join names one.  What
 * travels is the same: the messages of TrainRequest and TrainResponse, each
 * behind a head of four bytes, after a preface of sixteen.
 *
 *     client: preface, frame, frame ...
 *     server: frame, frame ..., end frame
 *
 * A head is the number of bytes that follow, lowest byte first; the top bit
 * marks the end frame: nothing, or a google.rpc.Status that tells why.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_FRAME_H
#define FW_WIRE_FRAME_H

#include <stdint.h>

#define FW_LANE_PREFACE       "flywheel-lane-1\n" /* 16 bytes, without the zero */
#define FW_LANE_PREFACE_BYTES 16
#define FW_FRAME_HEAD         4 /* bytes */
#define FW_FRAME_END          0x80000000u

static inline void fw_frame_put(uint8_t head[FW_FRAME_HEAD], uint32_t word)
{
    for (int i = 0; i < FW_FRAME_HEAD; i++)
        head[i] = (uint8_t)(word >> (8 * i));
}

static inline uint32_t fw_frame_get(const uint8_t head[FW_FRAME_HEAD])
{
    uint32_t word = 0;

    for (int i = 0; i < FW_FRAME_HEAD; i++)
        word |= (uint32_t)head[i] << (8 * i);
    return word;
}

#endif
