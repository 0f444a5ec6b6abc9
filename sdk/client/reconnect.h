/* reconnect.h - a session whose stream broke finds its server again.
 *
 *     OPEN --breaks--> BROKEN --wait--> TRYING --opened--> OPEN
 *                        ^ |              |
 *                        | +-- too long --|--> DEAD (also: refused for good)
 *                        +---- fails -----+
 *                          \-- session not known --> rejoined by the next call
 *
 * The background thread tries, after waits that are drawn at random and grow;
 * so heartbeats go on while the caller computes.  The server then tells which
 * gradient it judged last: one that it has is not sent again, those that a
 * crash took are counted as lost.
 *
 * Layer: sdk/client.  Thread: as said; the stream's lock is held. */
#ifndef FW_CLIENT_RECONNECT_H
#define FW_CLIENT_RECONNECT_H

#include "sdk/client/session.h"

/* Send the first message of a stream that was just opened. */
FW_MUST_USE fw_status fw_session_greet(struct fw_session *s);

/* Background: the stream has ended. */
void fw_session_broke(struct fw_session *s);

/* Background: the server has accepted the stream and says where we stand. */
void fw_session_found(struct fw_session *s, const struct fw_opened *opened);

/* Background, now and then: try again if it is time. */
void fw_session_mend(struct fw_session *s, int64_t now_ms);

/* Caller: wait until the stream is open; joins again if need be.  On failure
 * the session is dead and `why` explains it. */
FW_MUST_USE fw_status fw_session_ready(struct fw_session *s);

/* Caller, when something has failed with `why`: true if the stream broke and
 * may be mended, so that it is worth another try.  Else the session is dead. */
bool fw_session_goes_on(struct fw_session *s, fw_status why);

#endif
