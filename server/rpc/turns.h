/* turns.h - whose turn it is, where jobs share a thread.
 *
 * Every job has a line of its own; next is the first of the line that was
 * served least, by the time that its turns took.  Who comes back from rest
 * begins level with the others: it gets its turn at once and no more than its
 * share.  So a job with many workers, or a large model, has to itself what the
 * others leave, and of n jobs that want more each gets a part in n.
 *
 * Layer: server/rpc.  Thread: one; but fw_turns_mixed by any.  Plain data: no
 * clock, no lock, no allocation. */
#ifndef FW_RPC_TURNS_H
#define FW_RPC_TURNS_H

#include <stdint.h>

#include "sdk/base/list.h"

#define FW_TURN_LINES 64 /* jobs that share one by chance share a part */
#define FW_TURN_MIXED                                                          \
    256 /* turns of one job alone, before it counts as that                    \
         */

/* Something to do; lies in what it is about. */
struct fw_turn {
    struct fw_list link; /* used while it waits */
    const void *whose;   /* a job, never looked into; NULL: nobody's */
};

struct fw_turn_line {
    struct fw_list first; /* fw_turn; oldest first */
    int64_t served_us;    /* so much, by the common count */
};

struct fw_turns {
    struct fw_turn_line lines[FW_TURN_LINES];
    struct fw_turn_line *serving; /* whose turn was taken last; or NULL */
    int64_t level_us;             /* of who was served last, when it began */
    unsigned n;                   /* that wait */
    const void *last;             /* job that was seen last */
    unsigned mixed;               /* atomic; above 0: there is more than one */
};

void fw_turns_init(struct fw_turns *t);

/* Note whose something is that came; is there more than one job at present? */
void fw_turns_see(struct fw_turns *t, const void *whose);

static inline int fw_turns_mixed(const struct fw_turns *t)
{
    return __atomic_load_n(&t->mixed, __ATOMIC_RELAXED) != 0;
}

/* It waits for its turn. */
void fw_turns_put(struct fw_turns *t, struct fw_turn *turn);

/* Whose turn it is; NULL: nobody waits. */
struct fw_turn *fw_turns_take(struct fw_turns *t);

/* The turn that was taken last took so long. */
void fw_turns_charge(struct fw_turns *t, int64_t us);

#endif
