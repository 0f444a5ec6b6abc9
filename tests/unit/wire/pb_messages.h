/* pb_messages.h - all messages of sdk/wire/codec.h in one table.
 *
 * Layer: tests.  Thread: any. */
#ifndef FW_TESTS_PB_MESSAGES_H
#define FW_TESTS_PB_MESSAGES_H

#include <protobuf-c/protobuf-c.h>

#include "sdk/base/bytes.h"

struct pb_message {
    const char *name; /* as in fw_decode_NAME */
    const ProtobufCMessageDescriptor *type;
    /* Decode and append it encoded. */
    fw_status (*again)(const uint8_t *data, size_t n, struct fw_bytes *out,
                       struct fw_err *err);
};

extern const struct pb_message pb_messages[];
extern const size_t pb_messages_n;

#endif
