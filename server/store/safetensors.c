/* The header of a safetensors file: all that can be said without a disk. */
#include "server/store/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

#define METADATA    "__metadata__"
#define ENTRY_KEYS  3  /* dtype, shape, data_offsets */
#define SHAPE_LIMIT 64 /* axes; the format knows no limit, memory does */

static float *flat_at(void *user, uint64_t i, uint64_t *n)
{
    (void)n; /* everything lies together */
    return (float *)user + i;
}

struct fw_floats fw_floats_flat(float *x)
{
    return (struct fw_floats){flat_at, x};
}

static float *block_at(void *user, uint64_t i, uint64_t *n)
{
    struct fw_block *const *blocks = user;
    uint64_t left = FW_BLOCK_ELEMENTS - i % FW_BLOCK_ELEMENTS;

    if (*n > left)
        *n = left;
    return blocks[i / FW_BLOCK_ELEMENTS]->data + i % FW_BLOCK_ELEMENTS;
}

struct fw_floats fw_floats_blocks(struct fw_block *const *blocks)
{
    return (struct fw_floats){block_at, (void *)blocks};
}

/* Bytes of an element; 0 for a dtype that the format does not know. */
static uint64_t dtype_bytes(const char *dtype)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } known[] = {
        {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
        {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
        {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(dtype, known[i].name) == 0)
            return known[i].bytes;
    }
    return 0;
}

/* A JSON integer that is not negative. */
static bool take_u64(const json_t *value, uint64_t *to)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *to = (uint64_t)json_integer_value(value);
    return true;
}

/* The shape, and in *bytes what it takes. */
static fw_status take_shape(const json_t *shape, uint64_t *bytes,
                            struct fw_safetensors_entry *e, struct fw_err *err)
{
    if (!json_is_array(shape) || json_array_size(shape) > SHAPE_LIMIT)
        return fw_err_set(err, FW_CORRUPT, "its shape is no list of sizes");
    e->rank = (uint32_t)json_array_size(shape);
    e->shape = fw_mem_array(e->rank, sizeof(*e->shape));
    if (!e->shape)
        return fw_err_set(err, FW_NOMEM, "no memory for its shape");
    for (uint32_t i = 0; i < e->rank; i++) {
        if (!take_u64(json_array_get(shape, i), &e->shape[i]))
            return fw_err_set(err, FW_CORRUPT, "axis %u has no size", i);
        if (__builtin_mul_overflow(*bytes, e->shape[i], bytes))
            return fw_err_set(err, FW_CORRUPT, "its shape overflows");
    }
    return FW_OK;
}

static fw_status take_entry(const char *name, const json_t *value,
                            struct fw_safetensors_entry *e, struct fw_err *err)
{
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    const json_t *offsets = json_object_get(value, "data_offsets");
    uint64_t bytes;
    fw_status s;

    e->name = strdup(name);
    if (!e->name)
        return fw_err_set(err, FW_NOMEM, "no memory for its name");
    if (json_object_size(value) != ENTRY_KEYS || !dtype || !offsets)
        return fw_err_set(err, FW_CORRUPT,
                          "it is not dtype, shape and data_offsets");
    bytes = dtype_bytes(dtype);
    if (!bytes)
        return fw_err_set(err, FW_CORRUPT, "dtype '%.16s' is unknown", dtype);
    e->f32 = strcmp(dtype, "F32") == 0;
    s = take_shape(json_object_get(value, "shape"), &bytes, e, err);
    if (s != FW_OK)
        return s;
    if (json_array_size(offsets) != 2 ||
        !take_u64(json_array_get(offsets, 0), &e->begin) ||
        !take_u64(json_array_get(offsets, 1), &e->end))
        return fw_err_set(err, FW_CORRUPT, "data_offsets are not two offsets");
    if (e->end < e->begin || e->end - e->begin != bytes)
        return fw_err_set(err, FW_CORRUPT,
                          "data_offsets and shape disagree about its size");
    return FW_OK;
}

static fw_status take_texts(json_t *texts, struct fw_safetensors *out,
                            struct fw_err *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(texts))
        return fw_err_set(err, FW_CORRUPT, METADATA " is not an object");
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return fw_err_set(err, FW_CORRUPT,
                              METADATA " '%.64s' is not a text", key);
    }
    out->texts = json_incref(texts);
    return FW_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct fw_safetensors_entry *x = a;
    const struct fw_safetensors_entry *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    const struct fw_safetensors_entry *x = a;
    const struct fw_safetensors_entry *y = b;

    return strcmp(x->name, y->name);
}

/* Each tensor begins where the one before it ends, and the last one ends where
 * the file does: no hole, no overlap, nothing behind. */
static fw_status check_cover(struct fw_safetensors *t, uint64_t data_bytes,
                             struct fw_err *err)
{
    uint64_t at = 0;

    qsort(t->items, t->n, sizeof(*t->items), by_place);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct fw_safetensors_entry *e = &t->items[i];

        if (e->begin != at)
            return fw_err_set(err, FW_CORRUPT, "%s in the data before '%.64s'",
                              e->begin > at ? "a hole" : "an overlap", e->name);
        at = e->end;
    }
    if (at != data_bytes)
        return fw_err_set(
            err, FW_CORRUPT, "the tensors take %llu bytes, the file has %llu",
            (unsigned long long)at, (unsigned long long)data_bytes);
    qsort(t->items, t->n, sizeof(*t->items), by_name);
    return FW_OK;
}

static fw_status take_root(json_t *root, struct fw_safetensors *out,
                           struct fw_err *err)
{
    const char *name;
    json_t *value;
    fw_status s = FW_OK;

    out->items = fw_mem_array(json_object_size(root), sizeof(*out->items));
    if (!out->items)
        return fw_err_set(err, FW_NOMEM, "no memory for its tensors");
    json_object_foreach(root, name, value)
    {
        if (strcmp(name, METADATA) == 0) {
            s = take_texts(value, out, err);
        } else {
            s = take_entry(name, value, &out->items[out->n++], err);
            if (s != FW_OK)
                s = fw_err_wrap(err, s, "tensor '%.64s'", name);
        }
        if (s != FW_OK)
            return s;
    }
    return s;
}

fw_status fw_safetensors_parse(const uint8_t *header, size_t n,
                               uint64_t data_bytes, struct fw_safetensors *out,
                               struct fw_err *err)
{
    json_error_t why = {0};
    json_t *root = NULL;
    fw_status s;

    *out = (struct fw_safetensors){0};
    if (!n || n > FW_SAFETENSORS_HEADER_MAX || header[0] != '{') {
        s = fw_err_set(err, FW_CORRUPT, "no header in JSON");
        goto done;
    }
    root = json_loadb((const char *)header, n, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        s = json_error_code(&why) == json_error_out_of_memory ? FW_NOMEM
                                                              : FW_CORRUPT;
        s = fw_err_set(err, s, "header: %s", why.text);
        goto done;
    }
    s = take_root(root, out, err);
    if (s == FW_OK)
        s = check_cover(out, data_bytes, err);
done:
    json_decref(root);
    if (s != FW_OK)
        fw_safetensors_close(out);
    return s;
}

void fw_safetensors_close(struct fw_safetensors *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        free(s->items[i].name);
        free(s->items[i].shape);
    }
    free(s->items);
    json_decref(s->texts);
    *s = (struct fw_safetensors){0};
}

const char *fw_safetensors_text(const struct fw_safetensors *s, const char *key)
{
    return json_string_value(json_object_get(s->texts, key));
}
