/* What chunk.h writes by hand is protobuf. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "flywheel/v1/training_service.pb-c.h"
#include "tests/unit/wire/chunk_sample.h"

typedef Flywheel__V1__TrainRequest request_pb;
typedef Flywheel__V1__TrainResponse response_pb;
typedef Flywheel__V1__PullResponse pull_pb;
typedef Flywheel__V1__InitializeRequest initialize_pb;

static void a_gradient_is_protobuf(void **state)
{
    struct flat f;
    request_pb *m;
    Flywheel__V1__GradientChunk *g;

    (void)state;
    sample_gradient(&f);
    m = flywheel__v1__train_request__unpack(NULL, f.n, f.data);
    assert_non_null(m);
    assert_int_equal(m->body_case, FLYWHEEL__V1__TRAIN_REQUEST__BODY_GRADIENT);
    g = m->gradient;
    assert_true(g->sequence == GRADIENT_HEAD.sequence);
    assert_true(g->base_version == GRADIENT_HEAD.base_version);
    assert_true(g->offset == GRADIENT_HEAD.offset);
    assert_true(g->samples == GRADIENT_HEAD.samples);
    assert_int_equal(g->loss_if_known_case,
                     FLYWHEEL__V1__GRADIENT_CHUNK__LOSS_IF_KNOWN_LOSS);
    assert_true(g->loss == 0.0);
    assert_true(g->curvature == GRADIENT_HEAD.curvature);
    assert_true(g->want_parameters);
    assert_pattern(g->data.data, g->data.len);
    flywheel__v1__train_request__free_unpacked(m, NULL);
}

static void an_unknown_loss_is_not_sent(void **state)
{
    struct fw_gradient_head h = {.loss = NAN, .curvature = NAN};
    struct fw_train_request back;
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct fw_span span = {head, fw_chunk_gradient(&h, 0, head)};
    request_pb *m;

    (void)state;
    m = flywheel__v1__train_request__unpack(NULL, span.n, head);
    assert_non_null(m);
    assert_int_equal(m->gradient->loss_if_known_case, 0);
    assert_int_equal(m->gradient->curvature_if_known_case, 0);
    assert_int_equal(m->gradient->data.len, 0);
    flywheel__v1__train_request__free_unpacked(m, NULL);
    assert_int_equal(fw_decode_train_request(&span, 1, &back, NULL), FW_OK);
    assert_true(isnan(back.gradient.loss) && isnan(back.gradient.curvature));
    assert_int_equal(back.data.n, 0);
}

static void parameters_are_protobuf(void **state)
{
    struct fw_parameters_head h = parameters_head();
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct flat f;
    response_pb *t;
    pull_pb *p;
    initialize_pb *i;

    (void)state;
    finish(&f, head, fw_chunk_parameters(&h, DATA_BYTES, head));
    t = flywheel__v1__train_response__unpack(NULL, f.n, f.data);
    assert_non_null(t);
    assert_true(t->parameters->version == h.version);
    assert_true(t->parameters->offset == h.offset);
    assert_pattern(t->parameters->data.data, t->parameters->data.len);
    flywheel__v1__train_response__free_unpacked(t, NULL);

    finish(&f, head, fw_chunk_pull(&h, DATA_BYTES, head));
    p = flywheel__v1__pull_response__unpack(NULL, f.n, f.data);
    assert_non_null(p);
    assert_true(p->version == h.version && p->offset == h.offset);
    assert_true(p->n_elements == h.n_elements);
    assert_pattern(p->data.data, p->data.len);
    flywheel__v1__pull_response__free_unpacked(p, NULL);

    finish(&f, head, fw_chunk_initialize(&h, DATA_BYTES, head));
    i = flywheel__v1__initialize_request__unpack(NULL, f.n, f.data);
    assert_non_null(i);
    assert_string_equal(i->job, h.job);
    assert_true(i->offset == h.offset);
    assert_pattern(i->data.data, i->data.len);
    flywheel__v1__initialize_request__free_unpacked(i, NULL);
}

static struct fw_gradient_ack full_ack(void)
{
    struct fw_gradient_ack a = {
        .sequence = UINT64_MAX,
        .version = UINT64_MAX,
        .staleness = UINT64_MAX,
        .momentum = -0.25,
        .learning_rate = 0.01,
        .durable_version = UINT64_MAX,
        .incarnation = UINT64_MAX,
        .duplicate = true,
    };

    memset(a.reason, 'R', sizeof(a.reason) - 1);
    memset(a.detail, 'd', sizeof(a.detail) - 1);
    return a;
}

static void an_acknowledgement_is_protobuf_and_comes_back(void **state)
{
    struct fw_train_response m = {.kind = FW_TRAIN_ACK, .ack = full_ack()};
    struct fw_train_response back;
    struct fw_bytes out = {0};
    struct fw_span span;
    response_pb *pb;

    (void)state;
    assert_int_equal(fw_encode_train_response(&m, &out), FW_OK);
    pb = flywheel__v1__train_response__unpack(NULL, out.n, out.data);
    assert_non_null(pb);
    assert_int_equal(pb->body_case, FLYWHEEL__V1__TRAIN_RESPONSE__BODY_ACK);
    assert_string_equal(pb->ack->detail, m.ack.detail);
    assert_string_equal(pb->ack->reason, m.ack.reason);
    assert_true(pb->ack->momentum == -0.25);
    assert_true(pb->ack->learning_rate == 0.01);
    flywheel__v1__train_response__free_unpacked(pb, NULL);
    span = (struct fw_span){out.data, out.n};
    assert_int_equal(fw_decode_train_response(&span, 1, &back, NULL), FW_OK);
    assert_int_equal(back.kind, FW_TRAIN_ACK);
    assert_memory_equal(&back.ack, &m.ack, sizeof(m.ack));
    fw_bytes_close(&out);
}

static void a_text_that_ends_in_half_a_character_is_sent_without_it(
    void **state)
{
    struct fw_train_response m = {.kind = FW_TRAIN_ACK};
    struct fw_train_response back;
    struct fw_bytes out = {0};
    struct fw_span span;

    (void)state;
    strcpy(m.ack.detail, "caf\xc3");
    strcpy(m.ack.reason, "caf\xc3\xa9");
    assert_int_equal(fw_encode_train_response(&m, &out), FW_OK);
    span = (struct fw_span){out.data, out.n};
    assert_int_equal(fw_decode_train_response(&span, 1, &back, NULL), FW_OK);
    assert_string_equal(back.ack.detail, "caf");
    assert_string_equal(back.ack.reason, "caf\xc3\xa9");
    fw_bytes_close(&out);
}

static void small_messages_come_back(void **state)
{
    struct fw_train_request open = {
        .kind = FW_TRAIN_OPEN, .open = {"digits", "0123456789abcde", true}};
    struct fw_train_response opened = {.kind = FW_TRAIN_OPENED,
                                       .opened = {5, 1ull << 50}};
    static const enum fw_train_kind empty[] = {FW_TRAIN_HEARTBEAT,
                                               FW_TRAIN_PARAMETERS};
    struct fw_train_request req;
    struct fw_train_response res;
    struct fw_bytes out = {0};
    struct fw_span span;

    (void)state;
    assert_int_equal(fw_encode_train_request(&open, &out), FW_OK);
    span = (struct fw_span){out.data, out.n};
    assert_int_equal(fw_decode_train_request(&span, 1, &req, NULL), FW_OK);
    assert_int_equal(req.kind, FW_TRAIN_OPEN);
    assert_memory_equal(&req.open, &open.open, sizeof(open.open));
    out.n = 0;
    assert_int_equal(fw_encode_train_response(&opened, &out), FW_OK);
    span = (struct fw_span){out.data, out.n};
    assert_int_equal(fw_decode_train_response(&span, 1, &res, NULL), FW_OK);
    assert_int_equal(res.kind, FW_TRAIN_OPENED);
    assert_memory_equal(&res.opened, &opened.opened, sizeof(opened.opened));
    for (size_t i = 0; i < 2; i++) {
        req = (struct fw_train_request){.kind = empty[i]};
        out.n = 0;
        assert_int_equal(fw_encode_train_request(&req, &out), FW_OK);
        span = (struct fw_span){out.data, out.n};
        req.kind = 0;
        assert_int_equal(fw_decode_train_request(&span, 1, &req, NULL), FW_OK);
        assert_int_equal(req.kind, empty[i]);
    }
    req.kind = FW_TRAIN_GRADIENT;
    assert_int_equal(fw_encode_train_request(&req, &out), FW_INTERNAL);
    fw_bytes_close(&out);
}

static void what_protobuf_c_writes_is_read(void **state)
{
    Flywheel__V1__GradientChunk g = FLYWHEEL__V1__GRADIENT_CHUNK__INIT;
    request_pb m = FLYWHEEL__V1__TRAIN_REQUEST__INIT;
    struct fw_train_request out;
    uint8_t data[DATA_BYTES];
    struct flat f;
    struct fw_span span = {f.data, 0};

    (void)state;
    for (size_t i = 0; i < DATA_BYTES; i++)
        data[i] = pattern(i);
    g.sequence = 9;
    g.loss_if_known_case = FLYWHEEL__V1__GRADIENT_CHUNK__LOSS_IF_KNOWN_LOSS;
    g.loss = 2.5;
    g.data = (ProtobufCBinaryData){DATA_BYTES, data};
    m.body_case = FLYWHEEL__V1__TRAIN_REQUEST__BODY_GRADIENT;
    m.gradient = &g;
    span.n = flywheel__v1__train_request__pack(&m, f.data);
    assert_int_equal(fw_decode_train_request(&span, 1, &out, NULL), FW_OK);
    assert_int_equal(out.kind, FW_TRAIN_GRADIENT);
    assert_true(out.gradient.sequence == 9 && out.gradient.loss == 2.5);
    assert_true(isnan(out.gradient.curvature));
    assert_run(&out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gradient_is_protobuf),
        cmocka_unit_test(an_unknown_loss_is_not_sent),
        cmocka_unit_test(parameters_are_protobuf),
        cmocka_unit_test(an_acknowledgement_is_protobuf_and_comes_back),
        cmocka_unit_test(
            a_text_that_ends_in_half_a_character_is_sent_without_it),
        cmocka_unit_test(small_messages_come_back),
        cmocka_unit_test(what_protobuf_c_writes_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
