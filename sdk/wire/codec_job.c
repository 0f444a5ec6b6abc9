/* The messages of JobService. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/pack.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#include "flywheel/v1/job_service.pb-c.h"

#define JOBS_MAX 100000u
#define MOMENTUM_KNOWN                                                         \
    FLYWHEEL__V1__SET_CONTROLLER_REQUEST__MOMENTUM_IF_KNOWN_MOMENTUM
#define RATE_KNOWN                                                             \
    FLYWHEEL__V1__SET_CONTROLLER_REQUEST__LEARNING_RATE_IF_KNOWN_LEARNING_RATE

fw_status fw_encode_job_spec(const struct fw_job_spec *m, struct fw_bytes *out)
{
    struct fw_packed_spec packed;
    fw_status s = fw_packed_spec_init(&packed, m);

    if (s == FW_OK)
        s = fw_pack(&packed.spec.base, out);
    fw_packed_spec_close(&packed);
    return s;
}

fw_status fw_decode_job_spec(const uint8_t *data, size_t n,
                             struct fw_job_spec *out, struct fw_err *err)
{
    PB(JobSpec) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__job_spec__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_job_spec){0};
    if (s != FW_OK)
        return s;
    s = fw_take_spec(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_create_job_request(const struct fw_job_message *m,
                                       struct fw_bytes *out)
{
    PB(CreateJobRequest) p = PB_INIT(CREATE_JOB_REQUEST);
    struct fw_packed_spec packed;
    fw_status s = fw_packed_spec_init(&packed, &m->spec);

    p.spec = &packed.spec;
    p.request_id = (char *)m->request_id;
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    fw_packed_spec_close(&packed);
    return s;
}

fw_status fw_decode_create_job_request(const uint8_t *data, size_t n,
                                       struct fw_job_message *out,
                                       struct fw_err *err)
{
    PB(CreateJobRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__create_job_request__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_job_message){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("request_id", p->request_id, out->request_id, true,
                          err);
    if (s == FW_OK)
        s = fw_take_spec(p->spec, &out->spec, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

/* CreateJobResponse and GetJobResponse have the same single field, so one
 * encoding serves both; job_messages_share_their_encoding tests it. */
fw_status fw_encode_create_job_response(const struct fw_job_message *m,
                                        struct fw_bytes *out)
{
    PB(CreateJobResponse) p = PB_INIT(CREATE_JOB_RESPONSE);
    struct fw_packed_spec packed;
    fw_status s = fw_packed_spec_init(&packed, &m->spec);

    p.spec = &packed.spec;
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    fw_packed_spec_close(&packed);
    return s;
}

fw_status fw_decode_create_job_response(const uint8_t *data, size_t n,
                                        struct fw_job_message *out,
                                        struct fw_err *err)
{
    PB(CreateJobResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__create_job_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_job_message){0};
    if (s != FW_OK)
        return s;
    s = fw_take_spec(p->spec, &out->spec, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_get_job_response(const struct fw_job_message *m,
                                     struct fw_bytes *out)
{
    return fw_encode_create_job_response(m, out);
}

fw_status fw_decode_get_job_response(const uint8_t *data, size_t n,
                                     struct fw_job_message *out,
                                     struct fw_err *err)
{
    return fw_decode_create_job_response(data, n, out, err);
}

fw_status fw_encode_delete_job_request(const struct fw_job_ref *m,
                                       struct fw_bytes *out)
{
    PB(DeleteJobRequest) p = PB_INIT(DELETE_JOB_REQUEST);

    p.job = (char *)m->job;
    p.request_id = (char *)m->request_id;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_delete_job_request(const uint8_t *data, size_t n,
                                       struct fw_job_ref *out,
                                       struct fw_err *err)
{
    PB(DeleteJobRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__delete_job_request__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_job_ref){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    if (s == FW_OK)
        s = fw_text_take_name("request_id", p->request_id, out->request_id,
                              true, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

/* GetJobRequest is DeleteJobRequest without the request_id. */
fw_status fw_encode_get_job_request(const struct fw_job_ref *m,
                                    struct fw_bytes *out)
{
    PB(GetJobRequest) p = PB_INIT(GET_JOB_REQUEST);

    p.job = (char *)m->job;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_get_job_request(const uint8_t *data, size_t n,
                                    struct fw_job_ref *out, struct fw_err *err)
{
    fw_status s = fw_decode_delete_job_request(data, n, out, err);

    out->request_id[0] = '\0';
    return s;
}

fw_status fw_encode_list_jobs_response(const struct fw_job_names *m,
                                       struct fw_bytes *out)
{
    PB(ListJobsResponse) p = PB_INIT(LIST_JOBS_RESPONSE);
    fw_status s;

    p.jobs = fw_mem_array(m->n, sizeof(*p.jobs));
    if (!p.jobs)
        return FW_NOMEM;
    for (uint32_t i = 0; i < m->n; i++)
        p.jobs[i] = m->items[i];
    p.n_jobs = m->n;
    s = fw_pack(&p.base, out);
    free(p.jobs);
    return s;
}

static fw_status take_names(const PB(ListJobsResponse) * p,
                            struct fw_job_names *out, struct fw_err *err)
{
    fw_status s = FW_OK;

    if (p->n_jobs > JOBS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu jobs", p->n_jobs);
    out->items = fw_mem_array(p->n_jobs, sizeof(*out->items));
    if (!out->items)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    out->n = (uint32_t)p->n_jobs;
    for (size_t i = 0; i < p->n_jobs && s == FW_OK; i++)
        s = fw_text_take_name("jobs", p->jobs[i], out->items[i], false, err);
    if (s != FW_OK)
        fw_job_names_close(out);
    return s;
}

fw_status fw_decode_list_jobs_response(const uint8_t *data, size_t n,
                                       struct fw_job_names *out,
                                       struct fw_err *err)
{
    PB(ListJobsResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_jobs_response__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_job_names){0};
    if (s != FW_OK)
        return s;
    s = take_names(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_set_controller_request(const struct fw_set_controller *m,
                                           struct fw_bytes *out)
{
    PB(SetControllerRequest) p = PB_INIT(SET_CONTROLLER_REQUEST);

    p.job = (char *)m->job;
    p.law = (PB(Law))m->law;
    if (!isnan(m->momentum)) {
        p.momentum_if_known_case = MOMENTUM_KNOWN;
        p.momentum = m->momentum;
    }
    if (!isnan(m->learning_rate)) {
        p.learning_rate_if_known_case = RATE_KNOWN;
        p.learning_rate = m->learning_rate;
    }
    p.who = (char *)m->who;
    p.why = (char *)m->why;
    p.request_id = (char *)m->request_id;
    return fw_pack(&p.base, out);
}

static fw_status take_set(const PB(SetControllerRequest) * p,
                          struct fw_set_controller *out, struct fw_err *err)
{
    fw_status s = fw_text_take_name("job", p->job, out->job, false, err);

    if (s == FW_OK)
        s = fw_take_enum("law", p->law, 0, FW_LAW_MANUAL, err);
    if (s == FW_OK)
        s = fw_text_take("who", p->who, out->who, sizeof(out->who), err);
    if (s == FW_OK)
        s = fw_text_take("why", p->why, out->why, sizeof(out->why), err);
    if (s == FW_OK)
        s = fw_text_take_name("request_id", p->request_id, out->request_id,
                              true, err);
    out->law = (enum fw_law)p->law;
    if (p->momentum_if_known_case == MOMENTUM_KNOWN)
        out->momentum = p->momentum;
    if (p->learning_rate_if_known_case == RATE_KNOWN)
        out->learning_rate = p->learning_rate;
    return s;
}

fw_status fw_decode_set_controller_request(const uint8_t *data, size_t n,
                                           struct fw_set_controller *out,
                                           struct fw_err *err)
{
    PB(SetControllerRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__set_controller_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_set_controller){.momentum = NAN, .learning_rate = NAN};
    if (s != FW_OK)
        return s;
    s = take_set(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_set_controller_response(const struct fw_sentence *m,
                                            struct fw_bytes *out)
{
    PB(SetControllerResponse) p = PB_INIT(SET_CONTROLLER_RESPONSE);

    p.sentence = (char *)m->text;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_set_controller_response(const uint8_t *data, size_t n,
                                            struct fw_sentence *out,
                                            struct fw_err *err)
{
    PB(SetControllerResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__set_controller_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_sentence){{0}};
    if (s != FW_OK)
        return s;
    s = fw_text_take("sentence", p->sentence, out->text, sizeof(out->text),
                     err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_release_worker_request(const struct fw_release *m,
                                           struct fw_bytes *out)
{
    PB(ReleaseWorkerRequest) p = PB_INIT(RELEASE_WORKER_REQUEST);

    p.job = (char *)m->job;
    p.worker = (char *)m->worker;
    p.request_id = (char *)m->request_id;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_release_worker_request(const uint8_t *data, size_t n,
                                           struct fw_release *out,
                                           struct fw_err *err)
{
    PB(ReleaseWorkerRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__release_worker_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_release){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    if (s == FW_OK)
        s = fw_text_take_name("worker", p->worker, out->worker, false, err);
    if (s == FW_OK)
        s = fw_text_take_name("request_id", p->request_id, out->request_id,
                              true, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
