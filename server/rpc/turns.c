#include "server/rpc/turns.h"

/* Pointers of the same size class differ in these bits. */
#define HASH_SHIFT 6
#define HASH_MORE  13

void fw_turns_init(struct fw_turns *t)
{
    *t = (struct fw_turns){.n = 0};
    for (int i = 0; i < FW_TURN_LINES; i++)
        fw_list_init(&t->lines[i].first);
}

void fw_turns_see(struct fw_turns *t, const void *whose)
{
    unsigned mixed = t->mixed;

    if (!whose)
        return;
    if (t->last && whose != t->last)
        mixed = FW_TURN_MIXED;
    else if (mixed)
        mixed--;
    t->last = whose;
    if (mixed != t->mixed)
        __atomic_store_n(&t->mixed, mixed, __ATOMIC_RELAXED);
}

static struct fw_turn_line *line_of(struct fw_turns *t, const void *whose)
{
    uintptr_t x = (uintptr_t)whose;

    return &t->lines[(x >> HASH_SHIFT ^ x >> HASH_MORE) % FW_TURN_LINES];
}

void fw_turns_put(struct fw_turns *t, struct fw_turn *turn)
{
    struct fw_turn_line *l = line_of(t, turn->whose);

    if (fw_list_empty(&l->first) && l->served_us < t->level_us)
        l->served_us = t->level_us;
    fw_list_push_back(&l->first, &turn->link);
    t->n++;
}

struct fw_turn *fw_turns_take(struct fw_turns *t)
{
    struct fw_turn_line *least = NULL;

    for (int i = 0; i < FW_TURN_LINES; i++) {
        struct fw_turn_line *l = &t->lines[i];

        if (!fw_list_empty(&l->first) &&
            (!least || l->served_us < least->served_us))
            least = l;
    }
    t->serving = least;
    if (!least)
        return NULL;
    t->level_us = least->served_us;
    t->n--;
    return FW_LIST_ITEM(fw_list_take_front(&least->first), struct fw_turn,
                        link);
}

void fw_turns_charge(struct fw_turns *t, int64_t us)
{
    if (t->serving)
        t->serving->served_us += us;
}
