#include "tests/unit/wire/pb_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/wire/history.h"
#include "sdk/wire/saved_job.h"

#define VARINT      0u
#define FIXED64     1u
#define BYTES       2u
#define FIXED32     5u
#define VARINT_BITS 7
#define SESSION     16 /* bytes of the only field that has bytes */
#define ITEMS       2  /* of a list, but for those below */

/* What may not be just any value; 0: the field is not set. */
static const struct {
    const char *field;
    double value;
} special[] = {
    {"lease_ms", 5000}, {"protocol_min", 1}, {"protocol_max", 1},
    {"wire_dtype", 1},  {"duplicate", 0}, /* a saved answer becomes one when it
                                             is sent again */
};

/* Lists that have as many items as the code says. */
static const struct {
    const char *field;
    unsigned n;
} lists[] = {{"probe", FW_SAVED_PROBES}, {"series", FW_SERIES_COUNT}};

static unsigned items_of(const ProtobufCFieldDescriptor *f)
{
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return 1;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        if (strcmp(lists[i].field, f->name) == 0)
            return lists[i].n;
    }
    return ITEMS;
}

static void put(struct fw_bytes *out, const void *data, size_t n)
{
    assert_int_equal(fw_bytes_append(out, data, n), FW_OK);
}

static void put_varint(struct fw_bytes *out, uint64_t x)
{
    uint8_t byte;

    do {
        byte = x & 0x7f;
        x >>= VARINT_BITS;
        byte |= x ? 0x80 : 0;
        put(out, &byte, 1);
    } while (x);
}

static double value_of(const ProtobufCFieldDescriptor *f, unsigned item)
{
    const ProtobufCEnumDescriptor *e = f->descriptor;

    for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
        if (strcmp(special[i].field, f->name) == 0)
            return special[i].value;
    }
    if (f->type == PROTOBUF_C_TYPE_ENUM)
        return e->values[e->n_values - 1].value;
    return f->id + 1 + item;
}

static void put_double(struct fw_bytes *out, const ProtobufCFieldDescriptor *f,
                       unsigned item)
{
    double x = value_of(f, item) / 128.0; /* exact, and below 1 */

    put(out, &x, sizeof(x));
}

static void put_length(struct fw_bytes *out, const struct fw_bytes *part)
{
    put_varint(out, part->n);
    if (part->n)
        put(out, part->data, part->n);
}

static void put_text(struct fw_bytes *out, const ProtobufCFieldDescriptor *f,
                     unsigned item, unsigned outer)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "t%u-%u", f->id, item);

    if (strcmp(f->name, "name") == 0 && f->id == 1) /* distinct in a list */
        n = snprintf(text, sizeof(text), "%s", fw_series_name(outer));
    put_varint(out, (uint64_t)n);
    put(out, text, (size_t)n);
}

static void sample(const ProtobufCMessageDescriptor *type, unsigned outer,
                   struct fw_bytes *out);

/* A value without its tag; `outer`: which item of a list it is part of. */
static void put_value(struct fw_bytes *out, const ProtobufCFieldDescriptor *f,
                      unsigned item, unsigned outer)
{
    static const uint8_t session[SESSION] = "0123456789abcde";
    struct fw_bytes part = {0};
    float x = (float)value_of(f, item);

    switch (f->type) {
    case PROTOBUF_C_TYPE_DOUBLE:
        put_double(out, f, item);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        put(out, &x, sizeof(x));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_varint(out, 1);
        break;
    case PROTOBUF_C_TYPE_STRING:
        put_text(out, f, item, outer);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        put_varint(out, SESSION);
        put(out, session, SESSION);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        sample(f->descriptor, item, &part);
        put_length(out, &part);
        fw_bytes_close(&part);
        break;
    default:
        put_varint(out, (uint64_t)value_of(f, item));
    }
}

static unsigned wire_type(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED64;
    case PROTOBUF_C_TYPE_FLOAT:
        return FIXED32;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return BYTES;
    default:
        return VARINT;
    }
}

static void put_field(struct fw_bytes *out, const ProtobufCFieldDescriptor *f,
                      unsigned outer)
{
    bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
    unsigned n = items_of(f);
    struct fw_bytes part = {0};

    if (value_of(f, 0) == 0.0)
        return;
    if (repeated && (f->flags & PROTOBUF_C_FIELD_FLAG_PACKED)) {
        for (unsigned i = 0; i < n; i++)
            put_value(&part, f, i, outer);
        put_varint(out, (uint64_t)f->id << 3 | BYTES);
        put_length(out, &part);
        fw_bytes_close(&part);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        put_varint(out, (uint64_t)f->id << 3 | wire_type(f));
        put_value(out, f, i, outer);
    }
}

static void sample(const ProtobufCMessageDescriptor *type, unsigned outer,
                   struct fw_bytes *out)
{
    const ProtobufCFieldDescriptor *last = NULL;

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        bool again = last && (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
                     f->quantifier_offset == last->quantifier_offset;

        if (!again)
            put_field(out, f, outer);
        last = f;
    }
}

void pb_sample(const ProtobufCMessageDescriptor *type, struct fw_bytes *out)
{
    sample(type, 0, out);
}
