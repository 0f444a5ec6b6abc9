#include "server/rpc/call_guest.h"

#include <grpc/support/alloc.h>

#include "server/rpc/server.h"

/* Credit for a message beside its bytes: its frames, and the headers of a call.
 * A call that is reset before its message came is worth nothing. */
#define FRAME_BYTES 512

bool fw_call_join_guest(struct fw_call *c)
{
    char *peer = grpc_call_get_peer(c->call);

    c->guest = fw_guests_find(&c->server->listener.guests, peer);
    gpr_free(peer);
    return !c->guest || fw_guest_call(c->guest);
}

void fw_call_pay(struct fw_call *c, uint64_t bytes)
{
    if (!c->guest)
        return;
    if (c->method->bulk && !c->streams)
        fw_meter_stream(&c->guest->meter);
    c->streams = c->method->bulk;
    if (!c->heard)
        fw_meter_call_heard(&c->guest->meter, c->method->bulk);
    c->heard = true;
    __atomic_store_n(&c->guest->vain, 0, __ATOMIC_RELAXED);
    fw_meter_credit(&c->guest->meter, bytes + FRAME_BYTES);
}

void fw_call_leave_guest(struct fw_call *c)
{
    bool in_vain = c->method && c->let_in && !c->heard;

    if (!c->guest)
        return;
    if (c->streams)
        fw_meter_stream_end(&c->guest->meter);
    if (in_vain)
        fw_meter_call_heard(&c->guest->meter, c->method->bulk);
    fw_guest_call_end(c->guest, in_vain);
    fw_guest_put(c->guest);
}
