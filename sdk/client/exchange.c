#include "sdk/client/exchange.h"

#include "sdk/client/unary.h"

void fw_exchange_close(struct fw_exchange *x)
{
    fw_bytes_close(&x->body);
    fw_bytes_close(&x->answer);
}

fw_status fw_exchange_call(struct fw_exchange *x, struct fw_admin *a,
                           const char *method, fw_status encoded,
                           struct fw_err *err)
{
    if (encoded != FW_OK)
        return fw_err_set(err, encoded, "no memory for a request");
    return fw_unary(&a->connection, method, &x->body, &x->answer, a->timeout_ms,
                    err);
}
