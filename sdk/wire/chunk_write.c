/* The writing half of chunk.h: tags and lengths by hand.  Zero is left out, as
 * proto3 does. */
#include <math.h>
#include <string.h>

#include "sdk/wire/chunk.h"
#include "sdk/wire/spans.h"

#define DATA_FIELD 15

/* The longest message without data: GradientAck with full texts. */
#define SMALL_MAX 640

/* Where bytes go; the buffer is large enough for every caller. */
struct pen {
    uint8_t *at;
};

static void put_varint(struct pen *p, uint64_t v)
{
    while (v >= 0x80) {
        *p->at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p->at++ = (uint8_t)v;
}

static size_t varint_bytes(uint64_t v)
{
    size_t n = 1;

    while (v >>= 7)
        n++;
    return n;
}

static void put_tag(struct pen *p, uint32_t number, enum fw_wire wire)
{
    put_varint(p, (uint64_t)number << 3 | wire);
}

static void put_u64(struct pen *p, uint32_t number, uint64_t v)
{
    if (!v)
        return;
    put_tag(p, number, FW_WIRE_VARINT);
    put_varint(p, v);
}

static void put_double(struct pen *p, uint32_t number, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    put_tag(p, number, FW_WIRE_FIXED64);
    for (unsigned i = 0; i < sizeof(bits); i++)
        *p->at++ = (uint8_t)(bits >> (8 * i));
}

/* A proto3 double, whose zero is the one with no bit set. */
static void put_plain_double(struct pen *p, uint32_t number, double v)
{
    if (v != 0.0 || signbit(v))
        put_double(p, number, v);
}

static void put_length(struct pen *p, uint32_t number, uint64_t n)
{
    put_tag(p, number, FW_WIRE_LENGTH);
    put_varint(p, n);
}

static void put_bytes(struct pen *p, uint32_t number, const void *data,
                      size_t n)
{
    if (!n)
        return;
    put_length(p, number, n);
    memcpy(p->at, data, n);
    p->at += n;
}

/* Bytes a UTF-8 character takes, by its first byte. */
static size_t character_bytes(uint8_t first)
{
    if (first >= 0xf0)
        return 4;
    if (first >= 0xe0)
        return 3;
    return first >= 0xc0 ? 2 : 1;
}

/* A text that was cut to its room may end in half a character, which other
 * protobuf libraries refuse; leave that half out. */
static void put_text(struct pen *p, uint32_t number, const char *text)
{
    size_t n = strlen(text);
    size_t last = n;

    while (last && ((uint8_t)text[last - 1] & 0xc0) == 0x80)
        last--;
    if (last && last - 1 + character_bytes((uint8_t)text[last - 1]) > n)
        n = last - 1;
    put_bytes(p, number, text, n);
}

static void put_gradient(struct pen *p, const struct fw_gradient_head *h)
{
    put_u64(p, 1, h->sequence);
    put_u64(p, 2, h->base_version);
    put_u64(p, 3, h->offset);
    put_u64(p, 4, h->samples);
    if (!isnan(h->loss))
        put_double(p, 5, h->loss);
    if (!isnan(h->curvature))
        put_double(p, 6, h->curvature);
    put_u64(p, 7, h->want_parameters);
}

/* Wrap the head of an inner message and the data behind it into field `number`
 * of the outer one. */
static size_t wrap(uint32_t number, const uint8_t *inner, size_t n,
                   size_t data_bytes, uint8_t *out)
{
    struct pen p = {out};
    size_t data_head = 1 + varint_bytes(data_bytes); /* its tag is one byte */

    put_length(&p, number, n + data_head + data_bytes);
    memcpy(p.at, inner, n);
    p.at += n;
    put_length(&p, DATA_FIELD, data_bytes);
    return (size_t)(p.at - out);
}

size_t fw_chunk_gradient(const struct fw_gradient_head *h, size_t data_bytes,
                         uint8_t out[FW_CHUNK_HEAD_MAX])
{
    uint8_t inner[FW_CHUNK_HEAD_MAX];
    struct pen p = {inner};

    put_gradient(&p, h);
    return wrap(2, inner, (size_t)(p.at - inner), data_bytes, out);
}

size_t fw_chunk_parameters(const struct fw_parameters_head *h,
                           size_t data_bytes, uint8_t out[FW_CHUNK_HEAD_MAX])
{
    uint8_t inner[FW_CHUNK_HEAD_MAX];
    struct pen p = {inner};

    put_u64(&p, 1, h->version);
    put_u64(&p, 2, h->offset);
    return wrap(2, inner, (size_t)(p.at - inner), data_bytes, out);
}

size_t fw_chunk_pull(const struct fw_parameters_head *h, size_t data_bytes,
                     uint8_t out[FW_CHUNK_HEAD_MAX])
{
    struct pen p = {out};

    put_u64(&p, 1, h->version);
    put_u64(&p, 2, h->offset);
    put_u64(&p, 3, h->n_elements);
    put_length(&p, DATA_FIELD, data_bytes);
    return (size_t)(p.at - out);
}

size_t fw_chunk_initialize(const struct fw_parameters_head *h,
                           size_t data_bytes, uint8_t out[FW_CHUNK_HEAD_MAX])
{
    struct pen p = {out};

    put_text(&p, 1, h->job);
    put_u64(&p, 2, h->offset);
    put_length(&p, DATA_FIELD, data_bytes);
    return (size_t)(p.at - out);
}

static void put_ack(struct pen *p, const struct fw_gradient_ack *a)
{
    put_u64(p, 1, a->sequence);
    put_text(p, 2, a->reason);
    put_text(p, 3, a->detail);
    put_u64(p, 4, a->version);
    put_u64(p, 5, a->staleness);
    put_plain_double(p, 6, a->momentum);
    put_plain_double(p, 7, a->learning_rate);
    put_u64(p, 8, a->durable_version);
    put_u64(p, 9, a->incarnation);
    put_u64(p, 10, a->duplicate);
    put_u64(p, 11, a->probe);
}

/* Append field `number` holding what was written between `inner` and `p`. */
static fw_status append(uint32_t number, const uint8_t *inner,
                        const struct pen *p, struct fw_bytes *out)
{
    uint8_t head[2 * sizeof(uint64_t)];
    struct pen h = {head};
    size_t n = (size_t)(p->at - inner);
    fw_status s = fw_bytes_reserve(out, sizeof(head) + n);

    if (s != FW_OK)
        return s;
    put_length(&h, number, n);
    s = fw_bytes_append(out, head, (size_t)(h.at - head));
    return s == FW_OK ? fw_bytes_append(out, inner, n) : s;
}

fw_status fw_encode_train_request(const struct fw_train_request *m,
                                  struct fw_bytes *out)
{
    uint8_t inner[SMALL_MAX] = {0};
    struct pen p = {inner};

    switch (m->kind) {
    case FW_TRAIN_OPEN:
        put_text(&p, 1, m->open.job);
        put_bytes(&p, 2, m->open.session, sizeof(m->open.session));
        put_u64(&p, 3, m->open.resends);
        return append(1, inner, &p, out);
    case FW_TRAIN_HEARTBEAT:
        return append(3, inner, &p, out);
    case FW_TRAIN_PARAMETERS:
        return append(4, inner, &p, out);
    default:
        return FW_INTERNAL; /* not a message without data */
    }
}

fw_status fw_encode_train_response(const struct fw_train_response *m,
                                   struct fw_bytes *out)
{
    uint8_t inner[SMALL_MAX] = {0};
    struct pen p = {inner};

    switch (m->kind) {
    case FW_TRAIN_OPENED:
        put_u64(&p, 1, m->opened.version);
        put_u64(&p, 2, m->opened.incarnation);
        put_u64(&p, 3, m->opened.sequence);
        put_u64(&p, 4, m->opened.applied);
        return append(1, inner, &p, out);
    case FW_TRAIN_ACK:
        put_ack(&p, &m->ack);
        return append(3, inner, &p, out);
    case FW_TRAIN_HEARTBEAT:
        return append(4, inner, &p, out);
    default:
        return FW_INTERNAL; /* not a message without data */
    }
}
