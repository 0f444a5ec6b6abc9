#include "server/http/body.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

struct fw_body *fw_body_create(const void *data, size_t n)
{
    struct fw_body *t = NULL;

    if (n < SIZE_MAX - sizeof(*t))
        t = fw_mem_array(1, sizeof(*t) + n + 1);
    if (!t)
        return NULL;
    t->refs = 1;
    t->n = n;
    if (n)
        memcpy(t->data, data, n);
    return t;
}

struct fw_body *fw_body_take(struct fw_bytes *from)
{
    struct fw_body *t = fw_body_create(from->data, from->n);

    fw_bytes_close(from);
    return t;
}

struct fw_body *fw_body_take_string(char *from)
{
    struct fw_body *t = from ? fw_body_create(from, strlen(from)) : NULL;

    free(from);
    return t;
}

struct fw_body *fw_body_ref(struct fw_body *t)
{
    t->refs++;
    return t;
}

void fw_body_unref(struct fw_body *t)
{
    if (t && --t->refs == 0)
        free(t);
}
