/* grpc.reflection.v1alpha from the descriptors that were compiled in. */
#include <string.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/descriptors.h"
#include "sdk/wire/pack.h"

#include "grpc/reflection.pb-c.h"

#define R(type)            Grpc__Reflection__V1alpha__##type
#define SERVICES_MAX       32
#define SERVICE_NAME_MAX   128
#define CODE_NOT_FOUND     5
#define CODE_UNIMPLEMENTED 12

/* Pack an answer whose parts end with the caller. */
static fw_status pack_answer(R(ServerReflectionResponse) * answer,
                             struct fw_bytes *out)
{
    fw_status s = fw_pack(&answer->base, out);

    answer->file_descriptor_response = NULL;
    return s;
}

/* Files in the order the client can load them: a file after those it needs,
 * which is how protoc wrote the set. */
static fw_status answer_file(const struct fw_descriptors *d, int file,
                             R(ServerReflectionResponse) * answer,
                             struct fw_bytes *out)
{
    R(FileDescriptorResponse)
    files = GRPC__REFLECTION__V1ALPHA__FILE_DESCRIPTOR_RESPONSE__INIT;
    ProtobufCBinaryData data[FW_PROTO_FILES_MAX];
    bool marked[FW_PROTO_FILES_MAX] = {false};

    fw_descriptors_closure(d, file, marked);
    files.file_descriptor_proto = data;
    for (size_t i = 0; i < d->n; i++) {
        const struct fw_piece *p = &d->files[i].whole;

        if (marked[i])
            data[files.n_file_descriptor_proto++] =
                (ProtobufCBinaryData){p->n, (uint8_t *)p->data};
    }
    answer->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    answer->file_descriptor_response = &files;
    return pack_answer(answer, out);
}

static fw_status answer_error(int code, const char *text,
                              R(ServerReflectionResponse) * answer,
                              struct fw_bytes *out)
{
    R(ErrorResponse) error = GRPC__REFLECTION__V1ALPHA__ERROR_RESPONSE__INIT;

    error.error_code = code;
    error.error_message = (char *)text;
    answer->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    answer->error_response = &error;
    return pack_answer(answer, out);
}

struct service_list {
    char names[SERVICES_MAX][SERVICE_NAME_MAX];
    size_t n;
};

static void add_service(void *user, const char *name)
{
    struct service_list *l = user;

    if (l->n < SERVICES_MAX && strlen(name) < SERVICE_NAME_MAX)
        memcpy(l->names[l->n++], name, strlen(name) + 1);
}

static fw_status answer_services(const struct fw_descriptors *d,
                                 R(ServerReflectionResponse) * answer,
                                 struct fw_bytes *out)
{
    R(ListServiceResponse)
    list = GRPC__REFLECTION__V1ALPHA__LIST_SERVICE_RESPONSE__INIT;
    R(ServiceResponse) items[SERVICES_MAX];
    R(ServiceResponse) * pointers[SERVICES_MAX];
    struct service_list found = {.n = 0};

    fw_descriptors_services(d, add_service, &found);
    for (size_t i = 0; i < found.n; i++) {
        items[i] = (R(
            ServiceResponse))GRPC__REFLECTION__V1ALPHA__SERVICE_RESPONSE__INIT;
        items[i].name = found.names[i];
        pointers[i] = &items[i];
    }
    list.n_service = found.n;
    list.service = pointers;
    answer->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    answer->list_services_response = &list;
    return pack_answer(answer, out);
}

static fw_status answer_one(const R(ServerReflectionRequest) * in,
                            R(ServerReflectionResponse) * answer,
                            struct fw_bytes *out)
{
    struct fw_descriptors d;
    int file;

    fw_descriptors_read(&d);
    switch (in->message_request_case) {
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        return answer_services(&d, answer, out);
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        file = fw_descriptors_by_name(
            &d, (struct fw_piece){in->file_by_filename,
                                  strlen(in->file_by_filename)});
        break;
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        file = fw_descriptors_by_symbol(&d, in->file_containing_symbol);
        break;
    default:
        return answer_error(CODE_UNIMPLEMENTED,
                            "there are no extensions in these protos", answer,
                            out);
    }
    if (file < 0)
        return answer_error(CODE_NOT_FOUND, "no such file or symbol", answer,
                            out);
    return answer_file(&d, file, answer, out);
}

fw_status fw_reflection_answer(const uint8_t *request, size_t n,
                               struct fw_bytes *out, struct fw_err *err)
{
    R(ServerReflectionResponse)
    answer = GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__INIT;
    R(ServerReflectionRequest) *in = NULL;
    fw_status s = fw_unpack(
        &grpc__reflection__v1alpha__server_reflection_request__descriptor,
        request, n, (ProtobufCMessage **)&in, err);

    if (s != FW_OK)
        return s;
    answer.valid_host = in->host;
    answer.original_request = in;
    s = answer_one(in, &answer, out);
    protobuf_c_message_free_unpacked(&in->base, NULL);
    return s;
}
