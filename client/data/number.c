#include "client/data/number.h"

#define TEN 10

bool fw_number_take(const char **text, uint64_t *out)
{
    const char *at = *text;
    uint64_t n = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(n, (uint64_t)TEN, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
            return false;
    }
    if (at == *text)
        return false;
    *text = at;
    *out = n;
    return true;
}
