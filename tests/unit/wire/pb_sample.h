/* pb_sample.h - a message of any type with every field set, from its
 * descriptor: what the proto files gain is tested without a word.
 *
 * Layer: tests.  Thread: the main one. */
#ifndef FW_TESTS_PB_SAMPLE_H
#define FW_TESTS_PB_SAMPLE_H

#include <protobuf-c/protobuf-c.h>

#include "sdk/base/bytes.h"

/* Append such a message as protobuf-c would pack it: numbers differ from field
 * to field, lists have two items, of a oneof the first field is set. */
void pb_sample(const ProtobufCMessageDescriptor *type, struct fw_bytes *out);

#endif
