#include "server/rpc/refusals.h"

#include <arpa/inet.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"

#define LINE_MS 1000 /* between two lines */

void fw_refusals_tell(struct fw_refusals *r, const char *event, const char *why,
                      const struct in6_addr *peer, uint32_t connections)
{
    char text[INET6_ADDRSTRLEN] = "";
    int64_t now = fw_clock_mono_ms();

    if (r->told_ms && now < r->told_ms + LINE_MS) {
        r->untold++;
        return;
    }
    if (peer)
        inet_ntop(AF_INET6, peer, text, sizeof(text));
    fw_log(FW_LOG_WARN, event, "why=%s peer=%s connections=%u suppressed=%u",
           why, text, connections, r->untold);
    r->told_ms = now;
    r->untold = 0;
}
