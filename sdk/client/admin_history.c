/* fw_admin: what the server remembers. */
#include "sdk/client/admin.h"
#include "sdk/client/exchange.h"
#include "sdk/client/method.h"
#include "sdk/wire/codec.h"

fw_status fw_admin_history(struct fw_admin *a,
                           const struct fw_history_request *m,
                           struct fw_history_series *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_get_history_request(m, &x.body);

    *out = (struct fw_history_series){.n = 0};
    s = fw_exchange_call(&x, a, FW_METHOD_GET_HISTORY, s, err);
    if (s == FW_OK)
        s = fw_decode_get_history_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_runs(struct fw_admin *a, const struct fw_runs_request *m,
                        struct fw_run_list *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_list_runs_request(m, &x.body);

    *out = (struct fw_run_list){0};
    s = fw_exchange_call(&x, a, FW_METHOD_LIST_RUNS, s, err);
    if (s == FW_OK)
        s = fw_decode_list_runs_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}
