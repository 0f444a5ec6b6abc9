/* Files of safetensors, written: by name, so that the same content makes the
 * same bytes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "server/store/safetensors.h"
#include "server/store/sum.h"

#define LENGTH_BYTES 8 /* of the header's length field; and its alignment */

/* A tensor on its way out. */
struct item {
    char name[2 * FW_TENSOR_NAME_MAX];
    const struct fw_tensor_spec *spec; /* lent */
    struct fw_floats from;
    uint64_t first; /* its first element in `from` */
    uint64_t n;     /* elements */
};

/* A file on its way out. */
struct writer {
    const struct fw_disk *disk;
    int fd;
    const char *path;
    struct item *items; /* owned; by name */
    uint32_t n;
    uint8_t *header; /* owned */
    size_t n_header;
    XXH3_state_t *sum; /* owned */
    uint64_t at;       /* where the next byte goes */
};

static int by_name(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;

    return strcmp(x->name, y->name);
}

static fw_status collect(struct writer *w,
                         const struct fw_safetensors_content *c)
{
    size_t n = 0;

    for (uint32_t i = 0; i < c->n_parts; i++)
        n += c->parts[i].list->n;
    w->items = fw_mem_array(n, sizeof(*w->items));
    if (!w->items)
        return FW_NOMEM;
    for (uint32_t i = 0; i < c->n_parts; i++) {
        const struct fw_safetensors_part *part = &c->parts[i];
        uint64_t first = 0;

        for (uint32_t k = 0; k < part->list->n; k++) {
            struct item *item = &w->items[w->n++];

            item->spec = &part->list->items[k];
            item->from = part->from;
            item->first = first;
            item->n = fw_tensor_spec_elements(item->spec);
            first += item->n;
            snprintf(item->name, sizeof(item->name), "%s%s", part->prefix,
                     item->spec->name);
        }
    }
    qsort(w->items, w->n, sizeof(*w->items), by_name);
    return FW_OK;
}

/* {"dtype": ..., "shape": ..., "data_offsets": ...}; NULL without memory. */
static json_t *entry(const struct item *item, uint64_t *offset)
{
    json_t *shape = json_array();
    uint64_t begin = *offset;
    int failed = !shape;

    for (uint32_t i = 0; !failed && i < item->spec->rank; i++)
        failed = json_array_append_new(
            shape, json_integer((json_int_t)item->spec->shape[i]));
    if (failed) {
        json_decref(shape);
        return NULL;
    }
    *offset += item->n * sizeof(float);
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", "F32", "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)*offset);
}

static json_t *metadata(const struct fw_safetensors_content *c)
{
    json_t *texts = json_object();
    int failed = !texts;

    for (uint32_t i = 0; !failed && i < c->n_texts; i++)
        failed = json_object_set_new(texts, c->texts[i].key,
                                     json_string(c->texts[i].value));
    if (!failed)
        failed = json_object_set_new(texts, FW_SAFETENSORS_SUM,
                                     json_string(FW_SUM_ZERO));
    if (!failed)
        return texts;
    json_decref(texts);
    return NULL;
}

/* Put the length before the JSON, and spaces behind it up to a multiple of 8,
 * so that the data is aligned. */
static fw_status frame(struct writer *w, const char *text)
{
    size_t n = strlen(text);
    size_t padded = (n + LENGTH_BYTES - 1) / LENGTH_BYTES * LENGTH_BYTES;

    if (padded > FW_SAFETENSORS_HEADER_MAX)
        return FW_UNSUPPORTED;
    w->n_header = LENGTH_BYTES + padded;
    w->header = malloc(w->n_header);
    if (!w->header)
        return FW_NOMEM;
    for (int i = 0; i < LENGTH_BYTES; i++)
        w->header[i] = (uint8_t)(padded >> (8 * i));
    memcpy(w->header + LENGTH_BYTES, text, n);
    memset(w->header + LENGTH_BYTES + n, ' ', padded - n);
    return FW_OK;
}

/* json_dumps leaves out keys when memory runs out (jansson 2.14); a buffer of
 * the right size never grows.  The caller frees it; NULL: no memory. */
static char *print(const json_t *root)
{
    size_t n = json_dumpb(root, NULL, 0, JSON_COMPACT);
    char *text = n ? malloc(n + 1) : NULL;

    if (!text)
        return NULL;
    if (json_dumpb(root, text, n, JSON_COMPACT) == n) {
        text[n] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static fw_status make_header(struct writer *w,
                             const struct fw_safetensors_content *c)
{
    json_t *root = json_object();
    char *text = NULL;
    uint64_t offset = 0;
    int failed = !root;
    fw_status s = FW_NOMEM;

    if (!failed)
        failed = json_object_set_new(root, "__metadata__", metadata(c));
    for (uint32_t i = 0; !failed && i < w->n; i++)
        failed = json_object_set_new(root, w->items[i].name,
                                     entry(&w->items[i], &offset));
    if (!failed)
        text = print(root);
    if (text)
        s = frame(w, text);
    free(text);
    json_decref(root);
    return s;
}

/* Write the next bytes and count them into the sum. */
static fw_status put(struct writer *w, const void *from, size_t n,
                     struct fw_err *err)
{
    struct fw_disk_piece piece = {w->fd, w->path, n, w->at};

    XXH3_64bits_update(w->sum, from, n);
    w->at += n;
    return fw_disk_write(w->disk, &piece, from, err);
}

static fw_status put_item(struct writer *w, const struct item *item,
                          struct fw_err *err)
{
    fw_status s = fw_failpoint("save.tensor", err);

    for (uint64_t i = 0; s == FW_OK && i < item->n;) {
        uint64_t n = item->n - i;
        const float *from = item->from.at(item->from.user, item->first + i, &n);

        s = put(w, from, n * sizeof(float), err);
        i += n;
    }
    return s;
}

/* The sum is known last but lies first. */
static fw_status put_sum(struct writer *w, struct fw_err *err)
{
    uint8_t *digits = fw_sum_find(w->header, w->n_header);
    struct fw_disk_piece piece = {w->fd, w->path, FW_SUM_DIGITS, 0};

    if (!digits)
        return fw_err_set(err, FW_INTERNAL, "no room for a checksum");
    piece.at = (uint64_t)(digits - w->header);
    fw_sum_print(XXH3_64bits_digest(w->sum), digits);
    return fw_disk_write(w->disk, &piece, digits, err);
}

fw_status fw_safetensors_write(const struct fw_disk *disk, int fd,
                               const char *path,
                               const struct fw_safetensors_content *content,
                               struct fw_err *err)
{
    struct writer w = {.disk = disk, .fd = fd, .path = path};
    fw_status s = collect(&w, content);

    if (s == FW_OK)
        s = make_header(&w, content);
    w.sum = XXH3_createState();
    if (s == FW_OK && !w.sum)
        s = FW_NOMEM;
    if (s != FW_OK) {
        s = fw_err_set(err, s, "%s: cannot make its header", path);
        goto done;
    }
    XXH3_64bits_reset(w.sum);
    s = fw_failpoint("save.header", err);
    if (s == FW_OK)
        s = put(&w, w.header, w.n_header, err);
    for (uint32_t i = 0; s == FW_OK && i < w.n; i++)
        s = put_item(&w, &w.items[i], err);
    if (s == FW_OK)
        s = fw_failpoint("save.sum", err);
    if (s == FW_OK)
        s = put_sum(&w, err);
done:
    XXH3_freeState(w.sum);
    free(w.header);
    free(w.items);
    return s;
}
