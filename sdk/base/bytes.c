#include "sdk/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

void fw_bytes_close(struct fw_bytes *b)
{
    free(b->data);
    *b = (struct fw_bytes){0};
}

fw_status fw_bytes_reserve(struct fw_bytes *b, size_t more)
{
    size_t need;

    if (__builtin_add_overflow(b->n, more, &need))
        return FW_NOMEM;
    return fw_mem_grow(&b->data, &b->capacity, need, 1) ? FW_NOMEM : FW_OK;
}

fw_status fw_bytes_append(struct fw_bytes *b, const void *data, size_t n)
{
    fw_status s = fw_bytes_reserve(b, n);

    if (s != FW_OK)
        return s;
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
    return FW_OK;
}

fw_status fw_bytes_printf(struct fw_bytes *b, const char *fmt, ...)
{
    va_list args;
    int n;
    fw_status s;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0)
        return FW_INTERNAL;
    s = fw_bytes_reserve(b, (size_t)n + 1);
    if (s != FW_OK)
        return s;
    va_start(args, fmt);
    vsnprintf((char *)b->data + b->n, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
    return FW_OK;
}
