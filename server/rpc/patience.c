#include "server/rpc/patience.h"

#include <limits.h>

static int until(int64_t end_ms, int64_t now_ms)
{
    return end_ms > now_ms ? (int)(end_ms - now_ms) : 0;
}

int fw_patience_left(struct fw_patience *p, const struct fw_deadlines *d,
                     enum fw_stage stage, int64_t now_ms)
{
    switch (stage) {
    case FW_STAGE_HELLO:
        return until(p->born_ms + d->handshake_ms, now_ms);
    case FW_STAGE_FIRST:
        return until(p->born_ms + d->first_call_ms, now_ms);
    case FW_STAGE_BETWEEN:
        break;
    case FW_STAGE_WITHIN:
        if (!p->moved_ms || p->came - p->brought >= d->progress_bytes) {
            p->moved_ms = now_ms;
            p->brought = p->came;
        }
        return until(p->moved_ms + d->progress_ms, now_ms);
    }
    p->moved_ms = 0;
    return INT_MAX;
}
