/* descriptors.h - the .proto files that were compiled in, for reflection.
 *
 * Reads google.protobuf.FileDescriptorSet in place (descriptor.proto): names,
 * packages, dependencies and symbols of each file.
 *
 * Layer: sdk/wire.  Thread: any.  Everything lent is constant. */
#ifndef FW_WIRE_DESCRIPTORS_H
#define FW_WIRE_DESCRIPTORS_H

#include "sdk/wire/spans.h"

#define FW_PROTO_FILES_MAX 64 /* far more than there are */

/* A piece of the constant descriptors: not terminated. */
struct fw_piece {
    const char *data;
    size_t n;
};

struct fw_proto_file {
    struct fw_piece whole; /* the FileDescriptorProto */
    struct fw_piece name;
    struct fw_piece package;
};

struct fw_descriptors {
    struct fw_proto_file files[FW_PROTO_FILES_MAX];
    size_t n;
};

void fw_descriptors_read(struct fw_descriptors *d);

/* Index of a file by its name, or -1. */
int fw_descriptors_by_name(const struct fw_descriptors *d,
                           struct fw_piece name);

/* Index of the file that defines a message, enum, service or method of this
 * full name, or -1. */
int fw_descriptors_by_symbol(const struct fw_descriptors *d,
                             const char *symbol);

/* Mark a file and all it depends on. */
void fw_descriptors_closure(const struct fw_descriptors *d, int file,
                            bool marked[FW_PROTO_FILES_MAX]);

/* Call `each` with the full name of every service. */
void fw_descriptors_services(const struct fw_descriptors *d,
                             void (*each)(void *user, const char *name),
                             void *user);

#endif
