/* Files of safetensors, read. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sdk/base/failpoint.h"
#include "sdk/wire/reason.h"
#include "server/store/safetensors.h"
#include "server/store/sum.h"

#define LENGTH_BYTES 8          /* of the header's length field */
#define PIECE_BYTES  (1u << 20) /* read at a time */

static fw_status read_header(struct fw_safetensors_file *f, struct fw_err *err)
{
    struct fw_disk_piece piece = {f->fd, f->path, LENGTH_BYTES, 0};
    uint8_t raw[LENGTH_BYTES];
    uint64_t size;
    uint64_t n = 0;
    fw_status s = fw_failpoint("load.header", err);

    if (s == FW_OK)
        s = fw_disk_size(f->disk, f->path, f->fd, &size, err);
    if (s != FW_OK)
        return s;
    if (size < LENGTH_BYTES)
        return fw_err_set(err, FW_CORRUPT, "only %" PRIu64 " bytes", size);
    s = fw_disk_read(f->disk, &piece, raw, err);
    if (s != FW_OK)
        return s;
    for (int i = 0; i < LENGTH_BYTES; i++)
        n |= (uint64_t)raw[i] << (8 * i);
    if (n > FW_SAFETENSORS_HEADER_MAX || n > size - LENGTH_BYTES)
        return fw_err_set(err, FW_CORRUPT,
                          "a header of %" PRIu64 " bytes does not fit", n);
    f->data_at = LENGTH_BYTES + n;
    f->data_bytes = size - f->data_at;
    f->header = malloc(f->data_at);
    if (!f->header)
        return fw_err_set(err, FW_NOMEM, "no memory for its header");
    piece.n = f->data_at;
    return fw_disk_read(f->disk, &piece, f->header, err);
}

/* The header of a file that is as it was written can be parsed, if there is
 * memory; jansson does not always tell that there was none. */
static fw_status parse(struct fw_safetensors_file *f, struct fw_err *err)
{
    struct fw_err why = {0};
    fw_status s = fw_safetensors_parse(f->header + LENGTH_BYTES,
                                       f->data_at - LENGTH_BYTES, f->data_bytes,
                                       &f->table, &why);

    if (s == FW_CORRUPT) {
        s = fw_safetensors_verify(f, NULL);
        if (s == FW_OK)
            return fw_err_set(err, FW_NOMEM,
                              "its checksum holds, but there may be no memory "
                              "to parse it: %s",
                              why.text);
    }
    if (err)
        *err = why;
    return s;
}

fw_status fw_safetensors_open(struct fw_safetensors_file *f,
                              const struct fw_disk *disk, const char *path,
                              int flags, struct fw_err *err)
{
    fw_status s;

    *f = (struct fw_safetensors_file){.disk = disk, .fd = -1};
    snprintf(f->path, sizeof(f->path), "%s", path);
    s = fw_disk_open(disk, path, O_RDONLY | flags, &f->fd, err);
    if (s != FW_OK)
        goto done;
    s = read_header(f, err);
    if (s == FW_OK)
        s = parse(f, err);
    if (s != FW_OK)
        s = fw_err_wrap(err, s, "%s", path);
done:
    if (s != FW_OK)
        fw_safetensors_file_close(f);
    return s;
}

void fw_safetensors_file_close(struct fw_safetensors_file *f)
{
    if (f->disk && f->fd >= 0)
        (void)f->disk->close(f->disk->user, f->fd);
    fw_safetensors_close(&f->table);
    free(f->header);
    *f = (struct fw_safetensors_file){.fd = -1};
}

/* Add the data to a sum. */
static fw_status sum_data(const struct fw_safetensors_file *f,
                          XXH3_state_t *state, struct fw_err *err)
{
    uint8_t *buffer = malloc(PIECE_BYTES);
    fw_status s = FW_OK;

    if (!buffer)
        return fw_err_set(err, FW_NOMEM, "no memory to read it");
    for (uint64_t done = 0; s == FW_OK && done < f->data_bytes;) {
        uint64_t left = f->data_bytes - done;
        struct fw_disk_piece piece = {f->fd, f->path, PIECE_BYTES,
                                      f->data_at + done};

        if (piece.n > left)
            piece.n = left;
        s = fw_disk_read(f->disk, &piece, buffer, err);
        if (s == FW_OK)
            XXH3_64bits_update(state, buffer, piece.n);
        done += piece.n;
    }
    free(buffer);
    return s;
}

fw_status fw_safetensors_verify(const struct fw_safetensors_file *f,
                                struct fw_err *err)
{
    uint8_t *digits = fw_sum_find(f->header, f->data_at);
    size_t before = digits ? (size_t)(digits - f->header) : 0;
    uint8_t want[FW_SUM_DIGITS];
    XXH3_state_t *state = NULL;
    fw_status s;

    if (!digits) {
        s = fw_err_set(err, FW_CORRUPT, "no checksum");
        goto done;
    }
    state = XXH3_createState();
    if (!state) {
        s = fw_err_set(err, FW_NOMEM, "no memory to check it");
        goto done;
    }
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, f->header, before);
    XXH3_64bits_update(state, FW_SUM_ZERO, FW_SUM_DIGITS);
    XXH3_64bits_update(state, digits + FW_SUM_DIGITS,
                       f->data_at - before - FW_SUM_DIGITS);
    s = fw_failpoint("load.sum", err);
    if (s == FW_OK)
        s = sum_data(f, state, err);
    if (s != FW_OK)
        goto done;
    fw_sum_print(XXH3_64bits_digest(state), want);
    if (memcmp(want, digits, sizeof(want)) != 0)
        s = fw_err_set(err, FW_CORRUPT, "the checksum differs");
done:
    XXH3_freeState(state);
    return s == FW_OK ? s : fw_err_wrap(err, s, "%s", f->path);
}

static int name_order(const void *key, const void *item)
{
    const struct fw_safetensors_entry *e = item;

    return strcmp(key, e->name);
}

/* The entry of a tensor, if it is what the list says. */
static fw_status find(const struct fw_safetensors *t, const char *prefix,
                      const struct fw_tensor_spec *spec,
                      const struct fw_safetensors_entry **out,
                      struct fw_err *err)
{
    char name[2 * FW_TENSOR_NAME_MAX];
    const struct fw_safetensors_entry *e = NULL;
    bool same;

    snprintf(name, sizeof(name), "%s%s", prefix, spec->name);
    e = bsearch(name, t->items, t->n, sizeof(*t->items), name_order);
    if (!e)
        return FW_REFUSE(err, UNKNOWN_TENSOR, "tensor '%s' is not in the file",
                         name);
    if (!e->f32)
        return FW_REFUSE(err, DTYPE_UNSUPPORTED, "tensor '%s' is not F32",
                         name);
    same = e->rank == spec->rank;
    for (uint32_t i = 0; same && i < e->rank; i++)
        same = e->shape[i] == spec->shape[i];
    if (!same)
        return FW_REFUSE(err, SHAPE_MISMATCH,
                         "tensor '%s' has %" PRIu64 " elements of rank %u in "
                         "the file, %" PRIu64 " of rank %u in the job",
                         name, (e->end - e->begin) / sizeof(float), e->rank,
                         fw_tensor_spec_elements(spec), spec->rank);
    *out = e;
    return FW_OK;
}

static bool all_finite(const float *x, uint64_t n)
{
    bool finite = true;

    for (uint64_t i = 0; i < n; i++)
        finite &= isfinite(x[i]) != 0;
    return finite;
}

/* Read one tensor to element `first` and on. */
static fw_status load_one(const struct fw_safetensors_file *f,
                          const struct fw_safetensors_entry *e,
                          struct fw_floats to, uint64_t first,
                          struct fw_err *err)
{
    uint64_t elements = (e->end - e->begin) / sizeof(float);
    fw_status s = fw_failpoint("load.tensor", err);

    for (uint64_t i = 0; s == FW_OK && i < elements;) {
        uint64_t n = elements - i;
        float *here = to.at(to.user, first + i, &n);
        struct fw_disk_piece piece = {f->fd, f->path, n * sizeof(float),
                                      f->data_at + e->begin +
                                          i * sizeof(float)};

        s = fw_disk_read(f->disk, &piece, here, err);
        if (s == FW_OK && !all_finite(here, n))
            s = FW_REFUSE(err, NON_FINITE, "tensor '%s' is not finite",
                          e->name);
        i += n;
    }
    return s;
}

static bool starts(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* All of the list were found; is there one more of their kind? */
static fw_status check_extra(const struct fw_safetensors *t, const char *prefix,
                             const struct fw_tensor_list *list,
                             struct fw_err *err)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < t->n; i++) {
        const char *name = t->items[i].name;

        count += *prefix ? starts(name, prefix)
                         : !starts(name, FW_SAFETENSORS_OPTIMIZER);
    }
    if (count == list->n)
        return FW_OK;
    return FW_REFUSE(err, UNKNOWN_TENSOR,
                     "the file has %u tensors '%s...', the job %u", count,
                     prefix, list->n);
}

fw_status fw_safetensors_load(const struct fw_safetensors_file *f,
                              const char *prefix,
                              const struct fw_tensor_list *list,
                              struct fw_floats to, struct fw_err *err)
{
    uint64_t first = 0;
    fw_status s = FW_OK;

    for (uint32_t i = 0; s == FW_OK && i < list->n; i++) {
        const struct fw_safetensors_entry *e = NULL;

        s = find(&f->table, prefix, &list->items[i], &e, err);
        if (e)
            s = load_one(f, e, to, first, err);
        first += fw_tensor_spec_elements(&list->items[i]);
    }
    if (s == FW_OK)
        s = check_extra(&f->table, prefix, list, err);
    return s == FW_OK ? s : fw_err_wrap(err, s, "%s", f->path);
}
