/* The reading half of chunk.h. */
#include "sdk/wire/chunk.h"

#include <math.h>
#include <string.h>

#include "sdk/base/name.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/spans.h"
#include "sdk/wire/text.h"

#define DATA_FIELD 15

/* Puts one field where it belongs; a number it does not know is ignored. */
typedef fw_status take_fn(const struct fw_field *f, void *to,
                          struct fw_err *err);

/* Hand every field of a message to `take`, in the order they came; so of two
 * fields with one number the last wins. */
static fw_status each_field(struct fw_cursor body, take_fn *take, void *to,
                            struct fw_err *err)
{
    fw_status s = FW_OK;

    while (s == FW_OK && body.left) {
        struct fw_field f;

        if (!fw_cursor_field(&body, &f))
            return FW_REFUSE(err, MESSAGE_INVALID, "cut short or not protobuf");
        s = take(&f, to, err);
    }
    return s;
}

static fw_status want_wire(const struct fw_field *f, enum fw_wire wire,
                           struct fw_err *err)
{
    if (f->wire == wire)
        return FW_OK;
    return FW_REFUSE(err, MESSAGE_INVALID, "field %u has wire type %d, not %d",
                     f->number, (int)f->wire, (int)wire);
}

static fw_status take_u64(const struct fw_field *f, uint64_t *to,
                          struct fw_err *err)
{
    *to = f->value;
    return want_wire(f, FW_WIRE_VARINT, err);
}

static fw_status take_bool(const struct fw_field *f, bool *to,
                           struct fw_err *err)
{
    *to = f->value != 0;
    return want_wire(f, FW_WIRE_VARINT, err);
}

static fw_status take_double(const struct fw_field *f, double *to,
                             struct fw_err *err)
{
    memcpy(to, &f->value, sizeof(*to));
    return want_wire(f, FW_WIRE_FIXED64, err);
}

static fw_status take_run(const struct fw_field *f, struct fw_run *to,
                          struct fw_err *err)
{
    *to = fw_cursor_run(&f->body);
    return want_wire(f, FW_WIRE_LENGTH, err);
}

/* A text into `room` bytes with its end. */
static fw_status take_text(const struct fw_field *f, char *to, size_t room,
                           struct fw_err *err)
{
    struct fw_cursor body = f->body;
    size_t n = body.left;
    fw_status s = want_wire(f, FW_WIRE_LENGTH, err);

    if (s != FW_OK)
        return s;
    if (n >= room)
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "field %u has %zu bytes, more than %zu", f->number, n,
                         room - 1);
    to[n] = '\0';
    if (!fw_cursor_copy(&body, to, n) || strlen(to) != n ||
        !fw_text_is_printable(to))
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "field %u is not printable UTF-8", f->number);
    return FW_OK;
}

static fw_status take_job(const struct fw_field *f, char *to,
                          struct fw_err *err)
{
    char name[FW_NAME_MAX + 1] = "";
    fw_status s = take_text(f, name, sizeof(name), err);

    if (s != FW_OK)
        return s;
    if (!fw_name_valid(name))
        return FW_REFUSE(err, NAME_INVALID, "a job's name is " FW_NAME_RULE);
    memcpy(to, name, sizeof(name));
    return FW_OK;
}

static fw_status take_session(const struct fw_field *f, uint8_t *to,
                              struct fw_err *err)
{
    struct fw_cursor body = f->body;
    fw_status s = want_wire(f, FW_WIRE_LENGTH, err);

    if (s != FW_OK)
        return s;
    if (body.left != FW_SESSION_BYTES)
        return FW_REFUSE(err, MESSAGE_INVALID, "session has %zu bytes, not %d",
                         body.left, FW_SESSION_BYTES);
    return fw_cursor_copy(&body, to, FW_SESSION_BYTES) ? FW_OK : FW_INTERNAL;
}

static fw_status take_open(const struct fw_field *f, void *to,
                           struct fw_err *err)
{
    struct fw_session_key *open = to;

    switch (f->number) {
    case 1:
        return take_job(f, open->job, err);
    case 2:
        return take_session(f, open->session, err);
    case 3:
        return take_bool(f, &open->resends, err);
    default:
        return FW_OK;
    }
}

static fw_status take_gradient(const struct fw_field *f, void *to,
                               struct fw_err *err)
{
    struct fw_train_request *m = to;
    struct fw_gradient_head *h = &m->gradient;

    switch (f->number) {
    case 1:
        return take_u64(f, &h->sequence, err);
    case 2:
        return take_u64(f, &h->base_version, err);
    case 3:
        return take_u64(f, &h->offset, err);
    case 4:
        return take_u64(f, &h->samples, err);
    case 5:
        return take_double(f, &h->loss, err);
    case 6:
        return take_double(f, &h->curvature, err);
    case 7:
        return take_bool(f, &h->want_parameters, err);
    case DATA_FIELD:
        return take_run(f, &m->data, err);
    default:
        return FW_OK;
    }
}

/* For messages of which no field matters. */
static fw_status take_nothing(const struct fw_field *f, void *to,
                              struct fw_err *err)
{
    (void)f;
    (void)to;
    (void)err;
    return FW_OK;
}

/* Enter the body of a oneof's field.  The last kind wins; two of one kind are
 * merged, as protobuf has it. */
static fw_status take_request(const struct fw_field *f, void *to,
                              struct fw_err *err)
{
    static const enum fw_train_kind kinds[] = {
        0, FW_TRAIN_OPEN, FW_TRAIN_GRADIENT, FW_TRAIN_HEARTBEAT,
        FW_TRAIN_PARAMETERS};
    struct fw_train_request *m = to;
    fw_status s;

    if (f->number >= sizeof(kinds) / sizeof(kinds[0]))
        return FW_OK;
    s = want_wire(f, FW_WIRE_LENGTH, err);
    if (s != FW_OK)
        return s;
    if (m->kind != kinds[f->number])
        *m = (struct fw_train_request){
            .kind = kinds[f->number],
            .gradient = {.loss = NAN, .curvature = NAN},
        };
    switch (m->kind) {
    case FW_TRAIN_OPEN:
        return each_field(f->body, take_open, &m->open, err);
    case FW_TRAIN_GRADIENT:
        return each_field(f->body, take_gradient, m, err);
    default:
        return each_field(f->body, take_nothing, m, err);
    }
}

fw_status fw_decode_train_request(const struct fw_span *spans, size_t n_spans,
                                  struct fw_train_request *out,
                                  struct fw_err *err)
{
    struct fw_cursor c;
    fw_status s;

    *out = (struct fw_train_request){0};
    fw_cursor_init(&c, spans, n_spans);
    s = each_field(c, take_request, out, err);
    if (s == FW_OK && !out->kind)
        s = FW_REFUSE(err, MESSAGE_INVALID, "no body that is known");
    if (s == FW_OK && out->kind == FW_TRAIN_OPEN && !out->open.job[0])
        s = FW_REFUSE(err, NAME_INVALID, "a job's name is " FW_NAME_RULE);
    if (s == FW_OK)
        return s;
    *out = (struct fw_train_request){0};
    return fw_err_wrap(err, s, "TrainRequest");
}

/* Where the fields of a message of parameters go.  The three messages number
 * them differently; 0 is a field that the message lacks. */
struct parameters {
    struct fw_parameters_head *head;
    struct fw_run *data;
    uint32_t job;
    uint32_t version;
    uint32_t offset;
    uint32_t n_elements;
};

static fw_status take_parameters(const struct fw_field *f, void *to,
                                 struct fw_err *err)
{
    struct parameters *p = to;

    if (f->number == p->job)
        return take_job(f, p->head->job, err);
    if (f->number == p->version)
        return take_u64(f, &p->head->version, err);
    if (f->number == p->offset)
        return take_u64(f, &p->head->offset, err);
    if (f->number == p->n_elements)
        return take_u64(f, &p->head->n_elements, err);
    if (f->number == DATA_FIELD)
        return take_run(f, p->data, err);
    return FW_OK;
}

static fw_status take_opened(const struct fw_field *f, void *to,
                             struct fw_err *err)
{
    struct fw_opened *opened = to;

    switch (f->number) {
    case 1:
        return take_u64(f, &opened->version, err);
    case 2:
        return take_u64(f, &opened->incarnation, err);
    case 3:
        return take_u64(f, &opened->sequence, err);
    case 4:
        return take_u64(f, &opened->applied, err);
    default:
        return FW_OK;
    }
}

static fw_status take_ack(const struct fw_field *f, void *to,
                          struct fw_err *err)
{
    struct fw_gradient_ack *a = to;

    switch (f->number) {
    case 1:
        return take_u64(f, &a->sequence, err);
    case 2:
        return take_text(f, a->reason, sizeof(a->reason), err);
    case 3:
        return take_text(f, a->detail, sizeof(a->detail), err);
    case 4:
        return take_u64(f, &a->version, err);
    case 5:
        return take_u64(f, &a->staleness, err);
    case 6:
        return take_double(f, &a->momentum, err);
    case 7:
        return take_double(f, &a->learning_rate, err);
    case 8:
        return take_u64(f, &a->durable_version, err);
    case 9:
        return take_u64(f, &a->incarnation, err);
    case 10:
        return take_bool(f, &a->duplicate, err);
    case 11:
        return take_bool(f, &a->probe, err);
    default:
        return FW_OK;
    }
}

static fw_status take_response(const struct fw_field *f, void *to,
                               struct fw_err *err)
{
    static const enum fw_train_kind kinds[] = {
        0, FW_TRAIN_OPENED, FW_TRAIN_PARAMETERS, FW_TRAIN_ACK,
        FW_TRAIN_HEARTBEAT};
    struct fw_train_response *m = to;
    struct parameters p = {&m->parameters, &m->data, .version = 1, .offset = 2};
    fw_status s;

    if (f->number >= sizeof(kinds) / sizeof(kinds[0]))
        return FW_OK;
    s = want_wire(f, FW_WIRE_LENGTH, err);
    if (s != FW_OK)
        return s;
    if (m->kind != kinds[f->number])
        *m = (struct fw_train_response){.kind = kinds[f->number]};
    switch (m->kind) {
    case FW_TRAIN_OPENED:
        return each_field(f->body, take_opened, &m->opened, err);
    case FW_TRAIN_PARAMETERS:
        return each_field(f->body, take_parameters, &p, err);
    case FW_TRAIN_ACK:
        return each_field(f->body, take_ack, &m->ack, err);
    default:
        return each_field(f->body, take_nothing, m, err);
    }
}

fw_status fw_decode_train_response(const struct fw_span *spans, size_t n_spans,
                                   struct fw_train_response *out,
                                   struct fw_err *err)
{
    struct fw_cursor c;
    fw_status s;

    *out = (struct fw_train_response){0};
    fw_cursor_init(&c, spans, n_spans);
    s = each_field(c, take_response, out, err);
    if (s == FW_OK && !out->kind)
        s = FW_REFUSE(err, MESSAGE_INVALID, "no body that is known");
    if (s == FW_OK)
        return s;
    *out = (struct fw_train_response){0};
    return fw_err_wrap(err, s, "TrainResponse");
}

/* The two messages of parameters that are not in a oneof. */
static fw_status decode_parameters(const struct fw_span *spans, size_t n_spans,
                                   struct parameters *p, struct fw_err *err)
{
    struct fw_cursor c;
    fw_status s;

    *p->head = (struct fw_parameters_head){0};
    *p->data = (struct fw_run){0};
    fw_cursor_init(&c, spans, n_spans);
    s = each_field(c, take_parameters, p, err);
    if (s == FW_OK)
        return s;
    *p->head = (struct fw_parameters_head){0};
    *p->data = (struct fw_run){0};
    return s;
}

fw_status fw_decode_pull_response(const struct fw_span *spans, size_t n_spans,
                                  struct fw_parameters_head *out,
                                  struct fw_run *data, struct fw_err *err)
{
    struct parameters p = {out, data, .version = 1, .offset = 2,
                           .n_elements = 3};
    fw_status s = decode_parameters(spans, n_spans, &p, err);

    return s == FW_OK ? s : fw_err_wrap(err, s, "PullResponse");
}

fw_status fw_decode_initialize_request(const struct fw_span *spans,
                                       size_t n_spans,
                                       struct fw_parameters_head *out,
                                       struct fw_run *data, struct fw_err *err)
{
    struct parameters p = {out, data, .job = 1, .offset = 2};
    fw_status s = decode_parameters(spans, n_spans, &p, err);

    return s == FW_OK ? s : fw_err_wrap(err, s, "InitializeRequest");
}
