#include "sdk/wire/grpc_glue.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

/* Slices are read where they lie: the buffer does not change while the message
 * owns it, so neither do they. */
static fw_status look(struct fw_message *m, struct fw_err *err)
{
    grpc_slice_buffer *slices = &m->buffer->data.raw.slice_buffer;

    m->spans = m->few;
    if (slices->count > FW_MESSAGE_SPANS) {
        m->many = fw_mem_array(slices->count, sizeof(*m->many));
        if (!m->many)
            return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for %zu slices",
                             slices->count);
        m->spans = m->many;
    }
    for (size_t i = 0; i < slices->count; i++) {
        m->spans[i].data = GRPC_SLICE_START_PTR(slices->slices[i]);
        m->spans[i].n = GRPC_SLICE_LENGTH(slices->slices[i]);
        m->n_bytes += m->spans[i].n;
    }
    m->n_spans = slices->count;
    return FW_OK;
}

fw_status fw_message_open(struct fw_message *m, grpc_byte_buffer *buffer,
                          struct fw_err *err)
{
    fw_status s;

    *m = (struct fw_message){.buffer = buffer};
    if (!buffer)
        s = FW_REFUSE(err, MESSAGE_INVALID, "no message");
    else if (buffer->type != GRPC_BB_RAW ||
             buffer->data.raw.compression != GRPC_COMPRESS_NONE)
        s = FW_REFUSE(err, MESSAGE_INVALID, "the message is compressed");
    else
        s = look(m, err);
    if (s != FW_OK)
        fw_message_close(m);
    return s;
}

void fw_message_close(struct fw_message *m)
{
    if (m->buffer)
        grpc_byte_buffer_destroy(m->buffer);
    free(m->many);
    *m = (struct fw_message){0};
}

fw_status fw_message_keep(struct fw_message *to, const struct fw_message *from,
                          struct fw_err *err)
{
    grpc_slice whole;
    uint8_t *at;
    grpc_byte_buffer *copy;

    if (from->buffer)
        return fw_message_open(to, grpc_byte_buffer_copy(from->buffer), err);
    whole = grpc_slice_malloc(from->n_bytes);
    at = GRPC_SLICE_START_PTR(whole);
    for (size_t i = 0; i < from->n_spans; i++) {
        memcpy(at, from->spans[i].data, from->spans[i].n);
        at += from->spans[i].n;
    }
    copy = grpc_raw_byte_buffer_create(&whole, 1);
    grpc_slice_unref(whole);
    return fw_message_open(to, copy, err);
}

fw_status fw_message_flat(const struct fw_message *m, struct fw_bytes *scratch,
                          struct fw_span *flat)
{
    fw_status s;

    if (m->n_spans == 1) {
        *flat = m->spans[0];
        return FW_OK;
    }
    scratch->n = 0;
    s = fw_bytes_reserve(scratch, m->n_bytes);
    for (size_t i = 0; s == FW_OK && i < m->n_spans; i++)
        s = fw_bytes_append(scratch, m->spans[i].data, m->spans[i].n);
    *flat = (struct fw_span){scratch->data, scratch->n};
    return s;
}

grpc_byte_buffer *fw_buffer_create(const void *head, size_t n_head,
                                   const struct fw_lent *data)
{
    grpc_slice slices[2];
    size_t n = 0;
    grpc_byte_buffer *buffer;

    slices[n++] = grpc_slice_from_copied_buffer(head, n_head);
    if (data)
        slices[n++] = grpc_slice_new_with_user_data((void *)data->data, data->n,
                                                    data->release, data->user);
    buffer = grpc_raw_byte_buffer_create(slices, n);
    for (size_t i = 0; i < n; i++)
        grpc_slice_unref(slices[i]);
    return buffer;
}

grpc_byte_buffer *fw_buffer_copy(const struct fw_bytes *from)
{
    return fw_buffer_create(from->data, from->n, NULL);
}

void fw_metadata_close(grpc_metadata_array *m)
{
    grpc_metadata_array_destroy(m); /* tests/support/tsan.supp names us */
    grpc_metadata_array_init(m);
}
