#include "sdk/wire/topk.h"

#include <string.h>

#include "sdk/wire/reason.h"
#include "sdk/wire/spans.h"

#define COUNT_BYTES sizeof(uint32_t)
#define PLACE_BYTES sizeof(uint16_t)
#define VALUE_BYTES sizeof(float)
#define TOGETHER    256 /* places and values read at once */
#define HALF        16  /* bits of a magnitude that are counted at a time */
#define HALF_MASK   0xffffu

static uint32_t magnitude(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffffu;
}

/* The largest value such that at least k of those counted are not below it;
 * *above is how many are above. */
static uint32_t find(const uint64_t *counts, uint64_t k, uint64_t *above)
{
    uint32_t i = FW_TOPK_COUNTS - 1;

    *above = 0;
    while (i > 0 && *above + counts[i] < k)
        *above += counts[i--];
    return i;
}

/* By the upper half of the bits, then by the lower half among those that have
 * the upper one; so no copy of the vector is sorted. */
void fw_topk_choose(const float *x, uint64_t n, uint64_t k, uint64_t *counts,
                    struct fw_topk_cut *cut)
{
    uint64_t above;
    uint64_t still;
    uint32_t upper;
    uint64_t i;

    memset(counts, 0, FW_TOPK_COUNTS * sizeof(*counts));
    for (i = 0; i < n; i++)
        counts[magnitude(x[i]) >> HALF]++;
    upper = find(counts, k, &above);
    memset(counts, 0, FW_TOPK_COUNTS * sizeof(*counts));
    for (i = 0; i < n; i++) {
        uint32_t bits = magnitude(x[i]);

        if (bits >> HALF == upper)
            counts[bits & HALF_MASK]++;
    }
    cut->magnitude = upper << HALF | find(counts, k - above, &still);
    still = k - above - still; /* wanted of those that are equal to it */
    for (i = 0; i < n && still; i++)
        still -= magnitude(x[i]) == cut->magnitude;
    cut->ties_end = i;
}

static uint32_t count(const struct fw_topk_cut *cut, const float *x,
                      uint64_t first, size_t n)
{
    uint32_t found = 0;

    for (uint64_t i = first; i < first + n; i++)
        found += fw_topk_has(cut, i, x[i]);
    return found;
}

static size_t segment(size_t left)
{
    return left < FW_TOPK_SEGMENT ? left : FW_TOPK_SEGMENT;
}

size_t fw_topk_bytes(const struct fw_topk_cut *cut, const float *x,
                     uint64_t first, size_t n)
{
    size_t segments = (n + FW_TOPK_SEGMENT - 1) / FW_TOPK_SEGMENT;

    return segments * COUNT_BYTES +
           count(cut, x, first, n) * (PLACE_BYTES + VALUE_BYTES);
}

static uint8_t *encode_segment(const struct fw_topk_cut *cut, const float *x,
                               uint64_t first, size_t n, uint8_t *to)
{
    uint32_t found = count(cut, x, first, n);
    uint8_t *places = to + COUNT_BYTES;
    uint8_t *values = places + found * PLACE_BYTES;

    memcpy(to, &found, COUNT_BYTES);
    for (size_t i = 0; i < n; i++) {
        uint16_t place = (uint16_t)i;

        if (!fw_topk_has(cut, first + i, x[first + i]))
            continue;
        memcpy(places, &place, PLACE_BYTES);
        memcpy(values, &x[first + i], VALUE_BYTES);
        places += PLACE_BYTES;
        values += VALUE_BYTES;
    }
    return values;
}

void fw_topk_encode(const struct fw_topk_cut *cut, const float *x,
                    uint64_t first, size_t n, uint8_t *to)
{
    for (size_t at = 0; at < n; at += FW_TOPK_SEGMENT)
        to = encode_segment(cut, x, first + at, segment(n - at), to);
}

/* Put `found` values to their places. */
static fw_status scatter(struct fw_cursor *places, struct fw_cursor *values,
                         uint32_t found, float *to, size_t n,
                         struct fw_gather_check *check)
{
    size_t next = 0; /* lowest place that may come */

    while (found) {
        uint16_t place[TOGETHER];
        float value[TOGETHER];
        size_t here = found < TOGETHER ? found : TOGETHER;

        if (!fw_cursor_copy(places, place, here * PLACE_BYTES) ||
            !fw_cursor_copy(values, value, here * VALUE_BYTES))
            return FW_INVALID;
        for (size_t i = 0; i < here; i++) {
            if (place[i] < next || place[i] >= n)
                return FW_INVALID;
            to[place[i]] = value[i];
            next = (size_t)place[i] + 1;
        }
        fw_tensor_check(value, here, check);
        found -= (uint32_t)here;
    }
    return FW_OK;
}

fw_status fw_topk_gather(const struct fw_run *run, float *to, size_t n,
                         size_t *used, struct fw_gather_check *check,
                         struct fw_err *err)
{
    struct fw_cursor places = {run->spans, run->n_spans, run->skip, run->n};
    struct fw_cursor values;
    uint32_t found = 0;
    fw_status s = FW_INVALID;

    *used = 0;
    if (fw_cursor_copy(&places, &found, COUNT_BYTES) && found <= n) {
        values = places;
        memset(to, 0, n * sizeof(*to));
        if (fw_cursor_copy(&values, NULL, found * PLACE_BYTES))
            s = scatter(&places, &values, found, to, n, check);
    }
    if (s != FW_OK)
        return FW_REFUSE(err, CHUNK_INVALID,
                         "a segment of %u places among %zu elements: cut "
                         "short, or not rising",
                         found, n);
    *used = COUNT_BYTES + found * (PLACE_BYTES + VALUE_BYTES);
    return FW_OK;
}
