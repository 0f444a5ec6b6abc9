#include "server/store/sum.h"

#include <string.h>

#define KEY "\"" FW_SAFETENSORS_SUM "\":\""

uint8_t *fw_sum_find(uint8_t *header, size_t n)
{
    uint8_t *key = memmem(header, n, KEY, strlen(KEY));
    uint8_t *digits;

    if (!key)
        return NULL;
    digits = key + strlen(KEY);
    return header + n - digits < FW_SUM_DIGITS ? NULL : digits;
}

void fw_sum_print(uint64_t sum, uint8_t *digits)
{
    for (int i = 0; i < FW_SUM_DIGITS; i++)
        digits[i] = (uint8_t) "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
}
