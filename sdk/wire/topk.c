#include "sdk/wire/topk.h"

#include <string.h>

#include "sdk/wire/reason.h"
#include "sdk/wire/spans.h"
#include "sdk/wire/wide.h"

#define COUNT_BYTES sizeof(uint32_t)
#define PLACE_BYTES sizeof(uint16_t)
#define VALUE_BYTES sizeof(float)
#define TOGETHER    256 /* places and values read at once */

/* Bits of a magnitude, 31 in all, that are looked at in one pass. */
static const struct level {
    unsigned shift;
    unsigned width; /* 2^width is at most FW_TOPK_COUNTS */
} LEVELS[] = {{20, 11}, {9, 11}, {0, 9}};

static inline uint32_t magnitude(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffffu;
}

/* The largest number such that at least k of those counted are not below it;
 * *above is how many are above. */
static uint32_t find(const uint64_t *counts, uint64_t k, uint64_t *above)
{
    uint32_t i = FW_TOPK_COUNTS - 1;

    *above = 0;
    while (i > 0 && *above + counts[i] < k)
        *above += counts[i--];
    return i;
}

/* Count by a level's bits the magnitudes whose bits above those are `upper`. */
static void count_level(const float *x, uint64_t n, uint32_t upper,
                        const struct level *l, uint64_t *counts)
{
    uint32_t mask = (1u << l->width) - 1;

    memset(counts, 0, FW_TOPK_COUNTS * sizeof(*counts));
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits = magnitude(x[i]) >> l->shift;

        if (bits >> l->width == upper)
            counts[bits & mask]++;
    }
}

/* Level by level from the top, so that no copy of the vector is sorted. */
void fw_topk_choose(const float *x, uint64_t n, uint64_t k, uint64_t *counts,
                    struct fw_topk_cut *cut)
{
    uint64_t wanted = k; /* of those that begin with `bits` */
    uint32_t bits = 0;
    uint64_t i;

    for (size_t l = 0; l < sizeof(LEVELS) / sizeof(*LEVELS); l++) {
        uint64_t above;

        count_level(x, n, bits, &LEVELS[l], counts);
        bits = bits << LEVELS[l].width | find(counts, wanted, &above);
        wanted -= above;
    }
    for (i = 0; i < n && wanted; i++)
        wanted -= magnitude(x[i]) == bits;
    *cut = (struct fw_topk_cut){bits, i};
}

/* A part of the vector in which one comparison tells. */
struct part {
    const float *x;
    size_t n;
    uint32_t least; /* magnitude of those that are sent */
};

/* Before the end of the ties and behind it. */
static void split(const struct fw_topk_cut *cut, const float *x, uint64_t first,
                  size_t n, struct part out[2])
{
    uint64_t ties = cut->ties_end > first ? cut->ties_end - first : 0;

    if (ties > n)
        ties = n;
    out[0] = (struct part){x + first, ties, cut->magnitude};
    if (!cut->magnitude)
        out[0].least = 1; /* zeros are not sent */
    out[1] = (struct part){x + first + ties, n - ties, cut->magnitude + 1};
}

FW_WIRE_WIDE static uint32_t count_part(const float *x, size_t n,
                                        uint32_t least)
{
    uint32_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += magnitude(x[i]) >= least;
    return found;
}

static uint32_t count(const struct part parts[2])
{
    return count_part(parts[0].x, parts[0].n, parts[0].least) +
           count_part(parts[1].x, parts[1].n, parts[1].least);
}

static size_t segment(size_t left)
{
    return left < FW_TOPK_SEGMENT ? left : FW_TOPK_SEGMENT;
}

size_t fw_topk_bytes(const struct fw_topk_cut *cut, const float *x,
                     uint64_t first, size_t n)
{
    size_t segments = (n + FW_TOPK_SEGMENT - 1) / FW_TOPK_SEGMENT;
    struct part parts[2];

    split(cut, x, first, n, parts);
    return segments * COUNT_BYTES + count(parts) * (PLACE_BYTES + VALUE_BYTES);
}

/* Write the places of a part, counted from `base`; how many there are.  Every
 * place is written and the last one stays only if it is wanted, so nothing
 * depends on a guess; `most` keeps it from running over. */
static uint32_t name_places(const struct part *p, size_t base, uint32_t most,
                            uint8_t *to)
{
    uint32_t found = 0;

    for (size_t i = 0; i < p->n && found < most; i++) {
        uint16_t place = (uint16_t)(base + i);

        memcpy(to + found * PLACE_BYTES, &place, PLACE_BYTES);
        found += magnitude(p->x[i]) >= p->least;
    }
    return found;
}

static uint8_t *encode_segment(const struct fw_topk_cut *cut, const float *x,
                               uint64_t first, size_t n, uint8_t *to)
{
    uint8_t *places = to + COUNT_BYTES;
    struct part parts[2];
    uint32_t found;
    uint32_t before;
    uint8_t *values;

    split(cut, x, first, n, parts);
    found = count(parts);
    memcpy(to, &found, COUNT_BYTES);
    values = places + found * PLACE_BYTES;
    before = name_places(&parts[0], 0, found, places);
    (void)name_places(&parts[1], parts[0].n, found - before,
                      places + before * PLACE_BYTES);
    for (uint32_t i = 0; i < found; i++) {
        uint16_t place;

        memcpy(&place, places + i * PLACE_BYTES, PLACE_BYTES);
        memcpy(values, &x[first + place], VALUE_BYTES);
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

FW_WIRE_WIDE static void clear_part(float *x, size_t n, uint32_t least)
{
    for (size_t i = 0; i < n; i++)
        x[i] = magnitude(x[i]) >= least ? 0.0f : x[i];
}

void fw_topk_clear(const struct fw_topk_cut *cut, float *x, uint64_t n)
{
    struct part parts[2];

    split(cut, x, 0, n, parts);
    clear_part(x, parts[0].n, parts[0].least);
    clear_part(x + parts[0].n, parts[1].n, parts[1].least);
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
