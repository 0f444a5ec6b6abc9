/* stream_lane.h - a stream on a lane (lane.h) instead of a gRPC call; what
 * stream.c asks of it.
 *
 * Layer: sdk/client.  Thread: whoever holds the stream's lock. */
#ifndef FW_CLIENT_STREAM_LANE_H
#define FW_CLIENT_STREAM_LANE_H

#include "sdk/client/stream.h"

/* Begin on a lane; false if there is none to be had. */
bool fw_stream_lane_open(struct fw_stream *st, const char *address);

/* End it; the status stays if it is not FW_OK. */
void fw_stream_lane_end(struct fw_stream *st, fw_status s,
                        const struct fw_err *why);

/* Wait for something to happen, at most until `until_ms` and not for long. */
void fw_stream_lane_pause(struct fw_stream *st, int64_t until_ms);

#endif
