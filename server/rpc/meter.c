#include "server/rpc/meter.h"

#define MS_PER_S 1000.0

void fw_meter_open(struct fw_meter *m, int64_t now_ms)
{
    *m = (struct fw_meter){
        .born_ms = now_ms, .moved_ms = now_ms, .seen_ms = now_ms};
}

/* It sends too much: for too long, or far too much? */
static bool is_no_call_on_its_way(const struct fw_meter *m, double over,
                                  int64_t now_ms)
{
    int64_t most_ms = m->paid ? FW_METER_KNOWN_MS : FW_METER_LATE_MS;
    double most = m->paid ? FW_METER_KNOWN : FW_METER_LATE;

    return over >= most || now_ms - m->over_ms >= most_ms;
}

enum fw_verdict fw_meter_look(struct fw_meter *m, uint64_t received,
                              uint64_t acked, int64_t now_ms)
{
    uint64_t credited = __atomic_load_n(&m->credited, __ATOMIC_RELAXED);
    /* as a stream goes: what is not in one any more is in the next already */
    uint32_t begun = __atomic_load_n(&m->begun, __ATOMIC_ACQUIRE);
    uint32_t streams = __atomic_load_n(&m->streams, __ATOMIC_ACQUIRE);
    uint32_t ended = __atomic_load_n(&m->ended, __ATOMIC_RELAXED);
    double seconds = (double)(now_ms - m->seen_ms) / MS_PER_S;
    double over;

    m->level += (double)(received - m->received) -
                (double)(credited - m->paid) -
                (double)(acked - m->acked) / FW_METER_ACK_SHARE -
                FW_METER_RATE * seconds;
    if (m->level < 0)
        m->level = 0;
    m->grace =
        ended != m->gone ? FW_METER_STREAM : m->grace - FW_METER_RATE * seconds;
    if (m->grace < 0)
        m->grace = 0;
    m->gone = ended;
    m->received = received;
    m->acked = acked;
    m->paid = credited;
    m->seen_ms = now_ms;
    over = m->level - FW_METER_SLACK - m->grace -
           (double)FW_METER_STREAM * streams - (begun ? FW_METER_FIRST : 0);
    if (over <= 0)
        m->over_ms = 0;
    else if (!m->over_ms)
        m->over_ms = now_ms;
    return over > 0 && is_no_call_on_its_way(m, over, now_ms) ? FW_VERDICT_FLOOD
                                                              : FW_VERDICT_STAY;
}

/* A message, or so many bytes of one, start the time anew. */
enum fw_verdict fw_meter_wait(struct fw_meter *m, const struct fw_deadlines *d,
                              int64_t now_ms)
{
    uint64_t credited = __atomic_load_n(&m->credited, __ATOMIC_RELAXED);

    if (!__atomic_load_n(&m->calls, __ATOMIC_RELAXED))
        return now_ms - m->born_ms >= d->first_call_ms ? FW_VERDICT_SILENT
                                                       : FW_VERDICT_STAY;
    if (!__atomic_load_n(&m->waiting, __ATOMIC_RELAXED) ||
        credited != m->moved || m->received - m->brought >= d->progress_bytes) {
        m->moved = credited;
        m->brought = m->received;
        m->moved_ms = now_ms;
    }
    return now_ms - m->moved_ms >= d->progress_ms ? FW_VERDICT_SILENT
                                                  : FW_VERDICT_STAY;
}
