#include "sdk/client/report.h"

#include <stdio.h>

#include "sdk/client/method.h"
#include "sdk/client/unary.h"
#include "sdk/wire/codec.h"

fw_status fw_report_send(struct fw_connection *c, const char *job,
                         const struct fw_evaluation *e, uint32_t timeout_ms,
                         struct fw_err *err)
{
    struct fw_report_request m = {.version = e->version,
                                  .samples = e->samples,
                                  .loss = e->loss,
                                  .accuracy = e->accuracy};
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s;

    snprintf(m.job, sizeof(m.job), "%s", job);
    s = fw_encode_report_request(&m, &body);
    if (s != FW_OK)
        (void)fw_err_set(err, s, "no memory for a request");
    else
        s = fw_unary(c, FW_METHOD_REPORT, &body, &answer, timeout_ms, err);
    fw_bytes_close(&body);
    fw_bytes_close(&answer);
    return s;
}
