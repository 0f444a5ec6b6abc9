/* spans.h - reads protobuf fields from memory that lies in pieces.
 *
 * Only what chunk.c needs: fields one by one, in place, whatever their order.
 * A varint, a number or a text may lie across spans.
 *
 * Layer: sdk/wire.  Thread: any.  Spans lend their memory and must outlive the
 * cursor. */
#ifndef FW_WIRE_SPANS_H
#define FW_WIRE_SPANS_H

#include <stdbool.h>

#include "sdk/wire/chunk.h"

/* Where a reader stands, and how far it may go. */
struct fw_cursor {
    const struct fw_span *spans; /* the one it stands in, and those behind */
    size_t n_spans;              /* in `spans` */
    size_t at;                   /* bytes into the first of `spans` */
    size_t left;                 /* bytes to the end of the message */
};

/* Protobuf's wire types; groups (3 and 4) are refused. */
enum fw_wire {
    FW_WIRE_VARINT = 0,
    FW_WIRE_FIXED64 = 1,
    FW_WIRE_LENGTH = 2,
    FW_WIRE_FIXED32 = 5,
};

struct fw_field {
    uint32_t number;
    enum fw_wire wire;
    uint64_t value;        /* VARINT, FIXED64, FIXED32 */
    struct fw_cursor body; /* LENGTH */
};

void fw_cursor_init(struct fw_cursor *c, const struct fw_span *spans,
                    size_t n_spans);

/* Read the next field; `c->left` must not be 0.  False, and the cursor is of
 * no further use, if it is cut short, overflows or is not a field. */
FW_MUST_USE bool fw_cursor_field(struct fw_cursor *c, struct fw_field *f);

/* Copy `n` bytes (`to` NULL: leave them out) and go on behind them; false if
 * fewer are left. */
FW_MUST_USE bool fw_cursor_copy(struct fw_cursor *c, void *to, size_t n);

/* The rest of a cursor as a run. */
struct fw_run fw_cursor_run(const struct fw_cursor *c);

#endif
