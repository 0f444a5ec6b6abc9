/* fw_admin: what the server remembers. */
#include "sdk/client/admin.h"
#include "sdk/client/method.h"
#include "sdk/client/unary.h"
#include "sdk/wire/codec.h"

/* Call with what was encoded, unless that failed; the caller closes `answer`.
 * Closes `body`. */
static fw_status call(struct fw_admin *a, const char *method,
                      struct fw_bytes *body, struct fw_bytes *answer,
                      fw_status encoded, struct fw_err *err)
{
    fw_status s = encoded;

    if (s == FW_OK)
        s = fw_unary(&a->connection, method, body, answer, a->timeout_ms, err);
    else
        (void)fw_err_set(err, s, "no memory for a request");
    fw_bytes_close(body);
    return s;
}

fw_status fw_admin_history(struct fw_admin *a,
                           const struct fw_history_request *m,
                           struct fw_history_series *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_get_history_request(m, &body);

    *out = (struct fw_history_series){.n = 0};
    s = call(a, FW_METHOD_GET_HISTORY, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_get_history_response(answer.data, answer.n, out, err);
    fw_bytes_close(&answer);
    return s;
}

fw_status fw_admin_runs(struct fw_admin *a, const struct fw_runs_request *m,
                        struct fw_run_list *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_list_runs_request(m, &body);

    *out = (struct fw_run_list){0};
    s = call(a, FW_METHOD_LIST_RUNS, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_list_runs_response(answer.data, answer.n, out, err);
    fw_bytes_close(&answer);
    return s;
}
