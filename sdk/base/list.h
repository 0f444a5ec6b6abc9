/* list.h - an intrusive, circular, doubly linked list.
 *
 *     struct fw_list head;             fw_list_init(&head);
 *     struct item { struct fw_list link; int x; };
 *     struct fw_list *l;
 *     FW_LIST_EACH (l, &head) use(FW_LIST_ITEM(l, struct item, link)->x);
 *
 * Layer: sdk/base.  Thread: its owner's.  A link belongs to one list. */
#ifndef FW_BASE_LIST_H
#define FW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct fw_list {
    struct fw_list *next;
    struct fw_list *prev;
};

#define FW_LIST_ITEM(link, type, member)                                       \
    ((type *)((char *)(link)-offsetof(type, member)))
#define FW_LIST_EACH(l, head)                                                  \
    for ((l) = (head)->next; (l) != (head); (l) = (l)->next)

static inline void fw_list_init(struct fw_list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool fw_list_empty(const struct fw_list *head)
{
    return head->next == head;
}

static inline void fw_list_push_back(struct fw_list *head, struct fw_list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Take out; harmless on a link that is in no list but was initialised. */
static inline void fw_list_remove(struct fw_list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    fw_list_init(l);
}

/* The first link, taken out; NULL if the list is empty. */
static inline struct fw_list *fw_list_take_front(struct fw_list *head)
{
    struct fw_list *l = head->next;

    if (l == head)
        return NULL;
    fw_list_remove(l);
    return l;
}

#endif
