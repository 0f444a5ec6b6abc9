/* pack.h - what the codec's files share: packing into fw_bytes and unpacking
 * with a named refusal.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_PACK_H
#define FW_WIRE_PACK_H

#include <protobuf-c/protobuf-c.h>

#include "sdk/base/bytes.h"
#include "sdk/wire/messages.h"

#include "flywheel/v1/model.pb-c.h"

/* Shorter names for the generated types and initialisers. */
#define PB(type)      Flywheel__V1__##type
#define PB_INIT(TYPE) FLYWHEEL__V1__##TYPE##__INIT

/* Append the packed message to `out`. */
FW_MUST_USE fw_status fw_pack(const ProtobufCMessage *m, struct fw_bytes *out);

/* Unpack, or MESSAGE_INVALID naming the message.  The caller frees *out with
 * protobuf_c_message_free_unpacked(). */
FW_MUST_USE fw_status fw_unpack(const ProtobufCMessageDescriptor *type,
                                const uint8_t *data, size_t n,
                                ProtobufCMessage **out, struct fw_err *err);

/* MESSAGE_INVALID, naming `field`, unless low <= x <= high. */
FW_MUST_USE fw_status fw_take_enum(const char *field, int x, int low, int high,
                                   struct fw_err *err);

/* `n` messages of `size` bytes and an array of pointers to them, in one piece
 * of memory that free(*list) ends; NULL if out of memory. */
void *fw_pack_list(size_t n, size_t size, void *list);

/* Tensor lists and job specs, for more than one message. */
FW_MUST_USE fw_status fw_pack_tensors(const struct fw_tensor_list *l, size_t *n,
                                      PB(Tensor) * **out);
FW_MUST_USE fw_status fw_take_tensors(size_t n, PB(Tensor) * *in,
                                      struct fw_tensor_list *out,
                                      struct fw_err *err);
FW_MUST_USE fw_status fw_take_spec(const PB(JobSpec) * in,
                                   struct fw_job_spec *out, struct fw_err *err);

/* A JobSpec that points into `from`; fw_packed_spec_close() ends it. */
struct fw_packed_spec {
    PB(JobSpec) spec;
    PB(Optimizer) optimizer;
    PB(Schedule) schedule;
    PB(Controller) controller;
    PB(Limits) limits;
};
FW_MUST_USE fw_status fw_packed_spec_init(struct fw_packed_spec *p,
                                          const struct fw_job_spec *from);
void fw_packed_spec_close(struct fw_packed_spec *p);

#endif
