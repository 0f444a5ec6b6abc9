#include "sdk/wire/pack.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

fw_status fw_pack(const ProtobufCMessage *m, struct fw_bytes *out)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    fw_status s = fw_bytes_reserve(out, n);

    if (s == FW_OK && n) /* an empty one may have no memory to go to */
        out->n += protobuf_c_message_pack(m, out->data + out->n);
    return s;
}

fw_status fw_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data,
                    size_t n, ProtobufCMessage **out, struct fw_err *err)
{
    *out = NULL;
    if (n <= FW_MESSAGE_MAX_BYTES)
        *out = protobuf_c_message_unpack(type, NULL, n, data);
    if (*out)
        return FW_OK;
    return FW_REFUSE(err, MESSAGE_INVALID, "these %zu bytes are not a %s", n,
                     type->name);
}

fw_status fw_take_enum(const char *field, int x, int low, int high,
                       struct fw_err *err)
{
    if (x >= low && x <= high)
        return FW_OK;
    return FW_REFUSE(err, MESSAGE_INVALID, "%s has the unknown value %d", field,
                     x);
}

void *fw_pack_list(size_t n, size_t size, void *list)
{
    /* Pointers first, then the messages, which need no more than 8-alignment.
     */
    char *memory = fw_mem_array(n, sizeof(void *) + (size + 7) / 8 * 8);
    void **pointers = (void **)memory;

    if (!memory)
        return NULL;
    for (size_t i = 0; i < n; i++)
        pointers[i] = memory + n * sizeof(void *) + i * ((size + 7) / 8 * 8);
    memcpy(list, &pointers, sizeof(pointers));
    return memory;
}

fw_status fw_pack_tensors(const struct fw_tensor_list *l, size_t *n,
                          PB(Tensor) * **out)
{
    *n = 0;
    if (!fw_pack_list(l->n, sizeof(PB(Tensor)), out))
        return FW_NOMEM;
    for (uint32_t i = 0; i < l->n; i++) {
        *(*out)[i] = (PB(Tensor))PB_INIT(TENSOR);
        (*out)[i]->name = l->items[i].name;
        (*out)[i]->n_shape = l->items[i].rank;
        (*out)[i]->shape = l->items[i].shape;
    }
    *n = l->n;
    return FW_OK;
}

static fw_status take_tensor(const PB(Tensor) * in, struct fw_tensor_spec *out,
                             struct fw_err *err)
{
    fw_status s = fw_text_take("tensor.name", in->name, out->name,
                               sizeof(out->name), err);

    if (s != FW_OK)
        return s;
    if (in->n_shape > FW_RANK_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "tensor '%s' has %zu axes, at most %d", out->name,
                         in->n_shape, FW_RANK_MAX);
    out->rank = (uint32_t)in->n_shape;
    for (size_t i = 0; i < in->n_shape; i++)
        out->shape[i] = in->shape[i];
    return FW_OK;
}

fw_status fw_take_tensors(size_t n, PB(Tensor) * *in,
                          struct fw_tensor_list *out, struct fw_err *err)
{
    if (n > FW_TENSORS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu tensors, at most %u", n,
                         FW_TENSORS_MAX);
    *out = (struct fw_tensor_list){0};
    if (n == 0)
        return FW_OK;
    out->items = fw_mem_array(n, sizeof(*out->items));
    if (!out->items)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    out->n = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        fw_status s = take_tensor(in[i], &out->items[i], err);

        if (s != FW_OK) {
            fw_tensor_list_close(out);
            return s;
        }
    }
    return FW_OK;
}

fw_status fw_packed_spec_init(struct fw_packed_spec *p,
                              const struct fw_job_spec *from)
{
    const struct fw_controller_spec *c = &from->controller;

    *p = (struct fw_packed_spec){
        .spec = PB_INIT(JOB_SPEC),
        .optimizer = PB_INIT(OPTIMIZER),
        .schedule = PB_INIT(SCHEDULE),
        .controller = PB_INIT(CONTROLLER),
        .limits = PB_INIT(LIMITS),
    };
    p->spec.name = (char *)from->name;
    p->spec.optimizer = &p->optimizer;
    p->spec.schedule = &p->schedule;
    p->spec.controller = &p->controller;
    p->spec.limits = &p->limits;
    p->optimizer.nesterov = from->optimizer.nesterov;
    p->optimizer.l2 = from->optimizer.l2;
    p->optimizer.weight_decay = from->optimizer.weight_decay;
    p->optimizer.clip_norm = from->optimizer.clip_norm;
    p->schedule.kind = (PB(ScheduleKind))from->schedule.kind;
    p->schedule.period = from->schedule.period;
    p->schedule.factor = from->schedule.factor;
    p->schedule.final = from->schedule.final;
    p->schedule.warmup = from->schedule.warmup;
    p->controller.law = (PB(Law))c->law;
    p->controller.reference_momentum = c->reference_momentum;
    p->controller.reference_learning_rate = c->reference_learning_rate;
    p->controller.allow_negative_momentum = c->allow_negative_momentum;
    p->controller.momentum_floor = c->momentum_floor;
    p->controller.step_policy = (PB(StepPolicy))c->step_policy;
    p->controller.groups = c->groups;
    p->controller.groups_auto = c->groups_auto;
    p->controller.buffer = c->buffer;
    p->controller.straggler_deadline_ms = c->straggler_deadline_ms;
    p->controller.probe_interval = c->probe_interval;
    p->limits.max_workers = from->limits.max_workers;
    p->limits.max_staleness = from->limits.max_staleness;
    p->limits.buffer_bytes = from->limits.buffer_bytes;
    p->limits.lease_ms = from->limits.lease_ms;
    p->limits.outlier_norm = from->limits.outlier_norm;
    p->limits.outlier_reject = from->limits.outlier_reject;
    p->limits.memory_bytes = from->limits.quota.memory_bytes;
    p->limits.bytes_per_second = from->limits.quota.bytes_per_second;
    p->limits.gradients_per_second = from->limits.quota.gradients_per_second;
    return fw_pack_tensors(&from->tensors, &p->spec.n_tensors,
                           &p->spec.tensors);
}

void fw_packed_spec_close(struct fw_packed_spec *p)
{
    free(p->spec.tensors);
    p->spec.tensors = NULL;
    p->spec.n_tensors = 0;
}

static fw_status take_controller(const PB(Controller) * in,
                                 struct fw_controller_spec *out,
                                 struct fw_err *err)
{
    fw_status s =
        fw_take_enum("controller.law", in->law, 0, FW_LAW_MANUAL, err);

    if (s == FW_OK)
        s = fw_take_enum("controller.step_policy", in->step_policy, 0,
                         FW_STEP_KEEP_RATE, err);
    *out = (struct fw_controller_spec){
        .law = (enum fw_law)in->law,
        .reference_momentum = in->reference_momentum,
        .reference_learning_rate = in->reference_learning_rate,
        .allow_negative_momentum = in->allow_negative_momentum,
        .momentum_floor = in->momentum_floor,
        .step_policy = (enum fw_step_policy)in->step_policy,
        .groups = in->groups,
        .groups_auto = in->groups_auto,
        .buffer = in->buffer,
        .straggler_deadline_ms = in->straggler_deadline_ms,
        .probe_interval = in->probe_interval,
    };
    return s;
}

static fw_status take_parts(const PB(JobSpec) * in, struct fw_job_spec *out,
                            struct fw_err *err)
{
    fw_status s = FW_OK;

    if (in->optimizer)
        out->optimizer = (struct fw_optimizer_spec){
            .nesterov = in->optimizer->nesterov,
            .l2 = in->optimizer->l2,
            .weight_decay = in->optimizer->weight_decay,
            .clip_norm = in->optimizer->clip_norm,
        };
    if (in->limits)
        out->limits = (struct fw_limits_spec){
            .max_workers = in->limits->max_workers,
            .max_staleness = in->limits->max_staleness,
            .buffer_bytes = in->limits->buffer_bytes,
            .lease_ms = in->limits->lease_ms,
            .outlier_norm = in->limits->outlier_norm,
            .outlier_reject = in->limits->outlier_reject,
            .quota = {in->limits->memory_bytes, in->limits->bytes_per_second,
                      in->limits->gradients_per_second},
        };
    if (in->schedule) {
        out->schedule = (struct fw_schedule_spec){
            .kind = (enum fw_schedule_kind)in->schedule->kind,
            .period = in->schedule->period,
            .factor = in->schedule->factor,
            .final = in->schedule->final,
            .warmup = in->schedule->warmup,
        };
        s = fw_take_enum("schedule.kind", in->schedule->kind, 0,
                         FW_SCHEDULE_COSINE, err);
    }
    if (s == FW_OK && in->controller)
        s = take_controller(in->controller, &out->controller, err);
    return s;
}

fw_status fw_take_spec(const PB(JobSpec) * in, struct fw_job_spec *out,
                       struct fw_err *err)
{
    fw_status s;

    *out = (struct fw_job_spec){0};
    if (!in)
        return FW_REFUSE(err, MESSAGE_INVALID, "spec is missing");
    s = fw_text_take_name("spec.name", in->name, out->name, false, err);
    if (s == FW_OK)
        s = take_parts(in, out, err);
    if (s == FW_OK)
        s = fw_take_tensors(in->n_tensors, in->tensors, &out->tensors, err);
    if (s != FW_OK)
        fw_job_spec_close(out);
    return s;
}
