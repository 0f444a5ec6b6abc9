#include "server/momentum/prober.h"

#define AT_ONCE   4u /* questions to a new cluster: the quickest one counts */
#define GAP_FIRST 8u /* updates to the one after those; then doubling */
#define GIVE_UP   8u /* questions without any answer: workers cannot probe */

void fw_prober_init(struct fw_prober *p, uint32_t interval)
{
    *p = (struct fw_prober){
        .interval = interval, .gap = GAP_FIRST, .at_once = AT_ONCE};
}

void fw_prober_hurry(struct fw_prober *p, uint64_t version)
{
    p->gap = GAP_FIRST;
    if (p->next > version + GAP_FIRST)
        p->next = version + GAP_FIRST;
}

bool fw_prober_ask(struct fw_prober *p, uint32_t workers, uint64_t version)
{
    if (!p->interval || workers < 2 || version < p->next)
        return false;
    p->asked++;
    if (p->at_once > 1) {
        p->at_once--;
        return true;
    }
    p->next = version + p->gap;
    p->gap = 2 * p->gap < p->interval ? 2 * p->gap : p->interval;
    return true;
}

void fw_prober_answer(struct fw_prober *p)
{
    p->answered++;
}

bool fw_prober_awaits(const struct fw_prober *p, uint32_t workers)
{
    return p->interval && workers > 1 && !p->answered && p->asked < GIVE_UP;
}
