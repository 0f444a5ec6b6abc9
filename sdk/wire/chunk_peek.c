/* Looking at a message of which only the beginning has come (chunk.h). */
#include "sdk/wire/chunk.h"

#define NOTHING_BYTES 16384
#define SPANS         (FW_MESSAGE_MAX_BYTES / NOTHING_BYTES + 2)

/* The rest of the message is made up of zeros, which are no field: if any of it
 * is looked at, the message is refused.  0: it cannot be made up. */
static size_t make_up(const struct fw_span *seen, size_t total,
                      struct fw_span spans[SPANS])
{
    static const uint8_t nothing[NOTHING_BYTES];
    size_t n = 0;

    if (total <= seen->n || total > FW_MESSAGE_MAX_BYTES)
        return 0;
    total -= seen->n;
    spans[n++] = *seen;
    for (; total > NOTHING_BYTES; total -= NOTHING_BYTES)
        spans[n++] = (struct fw_span){nothing, NOTHING_BYTES};
    spans[n++] = (struct fw_span){nothing, total};
    return n;
}

/* The data reaches from the first span to the very end. */
static bool is_last(struct fw_run *data, const struct fw_span *spans,
                    size_t total)
{
    bool last = data->spans == spans && data->skip < spans[0].n &&
                data->skip + data->n == total;

    data->spans = NULL; /* they end with the caller */
    data->n_spans = 0;
    return last;
}

bool fw_peek_train_request(const struct fw_span *seen, size_t total,
                           struct fw_train_request *out)
{
    struct fw_span spans[SPANS];
    size_t n = make_up(seen, total, spans);

    return n && fw_decode_train_request(spans, n, out, NULL) == FW_OK &&
           is_last(&out->data, spans, total);
}

bool fw_peek_train_response(const struct fw_span *seen, size_t total,
                            struct fw_train_response *out)
{
    struct fw_span spans[SPANS];
    size_t n = make_up(seen, total, spans);

    return n && fw_decode_train_response(spans, n, out, NULL) == FW_OK &&
           is_last(&out->data, spans, total);
}
