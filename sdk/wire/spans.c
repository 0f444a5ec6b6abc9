#include "sdk/wire/spans.h"

#include <string.h>

#define VARINT_BYTES_MAX 10               /* 64 bits in groups of 7 */
#define FIELD_NUMBER_MAX ((1u << 29) - 1) /* protobuf's own limit */

void fw_cursor_init(struct fw_cursor *c, const struct fw_span *spans,
                    size_t n_spans)
{
    *c = (struct fw_cursor){.spans = spans, .n_spans = n_spans};
    for (size_t i = 0; i < n_spans; i++)
        c->left += spans[i].n;
}

/* Step over spans that are used up; spans of no bytes are legal. */
static void settle(struct fw_cursor *c)
{
    while (c->n_spans && c->at == c->spans->n) {
        c->spans++;
        c->n_spans--;
        c->at = 0;
    }
}

/* Go `n` bytes on, `to` taking them along unless it is NULL. */
static bool advance(struct fw_cursor *c, uint8_t *to, uint64_t n)
{
    if (n > c->left)
        return false;
    c->left -= n;
    for (settle(c); n; settle(c)) {
        size_t here = c->spans->n - c->at;

        if (here > n)
            here = n;
        if (to) {
            memcpy(to, c->spans->data + c->at, here);
            to += here;
        }
        c->at += here;
        n -= here;
    }
    return true;
}

bool fw_cursor_copy(struct fw_cursor *c, void *to, size_t n)
{
    return advance(c, to, n);
}

static bool read_varint(struct fw_cursor *c, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = 0;

        if (!advance(c, &byte, 1))
            return false;
        if (i == VARINT_BYTES_MAX - 1 && byte > 1)
            return false; /* more than 64 bits */
        *v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* `n` bytes, the lowest first. */
static bool read_fixed(struct fw_cursor *c, unsigned n, uint64_t *v)
{
    uint8_t raw[sizeof(*v)] = {0};

    if (!advance(c, raw, n))
        return false;
    *v = 0;
    for (unsigned i = 0; i < n; i++)
        *v |= (uint64_t)raw[i] << (8 * i);
    return true;
}

static bool read_body(struct fw_cursor *c, struct fw_field *f)
{
    if (!read_varint(c, &f->value))
        return false;
    settle(c);
    f->body = *c;
    if (!advance(c, NULL, f->value))
        return false;
    f->body.left = f->value;
    return true;
}

bool fw_cursor_field(struct fw_cursor *c, struct fw_field *f)
{
    uint64_t tag;

    *f = (struct fw_field){0};
    if (!read_varint(c, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->wire = tag & 7;
    switch (f->wire) {
    case FW_WIRE_VARINT:
        return read_varint(c, &f->value);
    case FW_WIRE_FIXED64:
        return read_fixed(c, sizeof(uint64_t), &f->value);
    case FW_WIRE_LENGTH:
        return read_body(c, f);
    case FW_WIRE_FIXED32:
        return read_fixed(c, sizeof(uint32_t), &f->value);
    }
    return false; /* a group, or no wire type at all */
}

struct fw_run fw_cursor_run(const struct fw_cursor *c)
{
    return (struct fw_run){c->spans, c->n_spans, c->at, c->left};
}

void fw_run_copy(const struct fw_run *run, void *to)
{
    struct fw_cursor c = {run->spans, run->n_spans, run->skip, run->n};

    /* A run's spans hold its n bytes, so this cannot fall short. */
    (void)!fw_cursor_copy(&c, to, run->n);
}
