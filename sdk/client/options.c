#include "sdk/client/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/mem.h"
#include "sdk/base/name.h"
#include "sdk/client/connection.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/tensor.h"

#define TIMEOUT_DEFAULT_MS   30000
#define RECONNECT_DEFAULT_MS 60000
#define HOST_MAX             24 /* of a made-up name; leaves room for the rest */

/* The oldest struct there is ends here; newer fields come behind. */
#define FIRST_SIZE                                                             \
    (offsetof(struct fw_worker_options, log_user) + sizeof(void *))

FW_API void fw_worker_options_init(struct fw_worker_options *o, size_t size)
{
    struct fw_worker_options ours = {
        .size = size,
        .address = FW_ADDRESS_DEFAULT,
        .wire_dtype = FW_DTYPE_F32,
        .timeout_ms = TIMEOUT_DEFAULT_MS,
        .reconnect_ms = RECONNECT_DEFAULT_MS,
        .wire_share = FW_TOPK_SHARE,
    };
    size_t known = size < sizeof(ours) ? size : sizeof(ours);

    memcpy(o, &ours, known);
    memset((char *)o + known, 0, size - known);
}

/* A caller that is newer than this library may have asked for something it
 * does not know. */
static bool asks_for_more(const struct fw_worker_options *o)
{
    const char *bytes = (const char *)o;

    for (size_t i = sizeof(*o); i < o->size; i++) {
        if (bytes[i])
            return true;
    }
    return false;
}

static fw_status check(const struct fw_worker_options *o, struct fw_err *err)
{
    if (!o->job || !fw_name_valid(o->job))
        return FW_REFUSE(err, NAME_INVALID, "options.job '%.64s': want %s",
                         o->job ? o->job : "", FW_NAME_RULE);
    if (o->name && !fw_name_valid(o->name))
        return FW_REFUSE(err, NAME_INVALID, "options.name '%.64s': want %s",
                         o->name, FW_NAME_RULE);
    if (o->n_tensors && !o->tensors)
        return fw_err_set(err, FW_INVALID, "options.tensors is NULL");
    if (o->n_tensors > FW_TENSORS_MAX)
        return fw_err_set(err, FW_INVALID, "%u tensors: at most %u",
                          (unsigned)o->n_tensors, FW_TENSORS_MAX);
    if (o->initial && !o->n_tensors)
        return fw_err_set(err, FW_INVALID,
                          "options.initial needs options.tensors");
    if (!fw_dtype_known(o->wire_dtype))
        return FW_REFUSE(err, DTYPE_UNSUPPORTED, "options.wire_dtype %d",
                         (int)o->wire_dtype);
    if (!(o->wire_share > 0.0 && o->wire_share <= 1.0))
        return fw_err_set(err, FW_INVALID,
                          "options.wire_share %g: above 0, at most 1",
                          o->wire_share);
    return FW_OK;
}

fw_status fw_options_take(const struct fw_worker_options *given,
                          struct fw_worker_options *out, struct fw_err *err)
{
    size_t known = given->size < sizeof(*out) ? given->size : sizeof(*out);

    if (given->size < FIRST_SIZE)
        return fw_err_set(err, FW_INVALID,
                          "options were not filled by "
                          "fw_worker_options_init(&o, sizeof(o))");
    if (asks_for_more(given))
        return fw_err_set(err, FW_UNSUPPORTED,
                          "options of a newer library than %s",
                          FW_VERSION_TEXT);
    fw_worker_options_init(out, sizeof(*out));
    memcpy(out, given, known);
    out->size = sizeof(*out);
    if (!out->timeout_ms)
        out->timeout_ms = TIMEOUT_DEFAULT_MS;
    if (out->wire_share == 0.0)
        out->wire_share = FW_TOPK_SHARE;
    return check(out, err);
}

/* host-pid-number */
static void make_name(uint64_t number, char name[FW_NAME_MAX + 1])
{
    char host[HOST_MAX + 1] = "worker";

    (void)gethostname(host, sizeof(host)); /* cut or kept: both will do */
    host[HOST_MAX] = '\0';
    for (char *c = host; *c; c++) {
        if (!isalnum((unsigned char)*c) && !(c > host && strchr("._-", *c)))
            *c = 'x';
    }
    snprintf(name, FW_NAME_MAX + 1, "%s-%ld-%" PRIx64, host[0] ? host : "x",
             (long)getpid(), number);
}

static fw_status take_tensors(const struct fw_worker_options *o,
                              struct fw_tensor_list *out, struct fw_err *err)
{
    out->items = fw_mem_array(o->n_tensors, sizeof(*out->items));
    if (!out->items)
        return fw_err_set(err, FW_NOMEM, "no memory for %u tensors",
                          (unsigned)o->n_tensors);
    out->n = o->n_tensors;
    for (uint32_t i = 0; i < out->n; i++) {
        const struct fw_tensor *t = &o->tensors[i];
        struct fw_tensor_spec *to = &out->items[i];

        if (!t->name || strlen(t->name) > FW_TENSOR_NAME_MAX ||
            t->rank > FW_RANK_MAX)
            return fw_err_set(err, FW_INVALID,
                              "tensor %u: a name of 1 to %d bytes and at most "
                              "%d axes",
                              (unsigned)i, FW_TENSOR_NAME_MAX, FW_RANK_MAX);
        snprintf(to->name, sizeof(to->name), "%s", t->name);
        to->rank = t->rank;
        memcpy(to->shape, t->shape, t->rank * sizeof(*t->shape));
    }
    return out->n ? fw_tensor_list_check(out, err) : FW_OK;
}

fw_status fw_options_join(const struct fw_worker_options *o, uint64_t number,
                          struct fw_join_request *join, struct fw_err *err)
{
    *join = (struct fw_join_request){
        .wire_dtype = o->wire_dtype,
        .protocol_min = FW_PROTOCOL,
        .protocol_max = FW_PROTOCOL,
    };
    snprintf(join->job, sizeof(join->job), "%s", o->job);
    if (o->name)
        snprintf(join->worker, sizeof(join->worker), "%s", o->name);
    else
        make_name(number, join->worker);
    return take_tensors(o, &join->tensors, err);
}
