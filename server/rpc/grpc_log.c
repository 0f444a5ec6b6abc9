#include "server/rpc/grpc_log.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <grpc/support/log.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"

#define LINE_EVERY_MS 1000

/* gRPC hands no pointer to its log function; these count for the process. */
static _Atomic int64_t next_ms;
static _Atomic unsigned silent;

static void tell(gpr_log_func_args *a)
{
    int64_t now = fw_clock_mono_ms();
    int64_t next = atomic_load(&next_ms);

    if (now < next ||
        !atomic_compare_exchange_strong(&next_ms, &next, now + LINE_EVERY_MS)) {
        atomic_fetch_add(&silent, 1);
        return;
    }
    fw_log(FW_LOG_WARN, "grpc", "suppressed=%u message=\"%.200s\"",
           atomic_exchange(&silent, 0), a->message);
}

void fw_grpc_log_open(void)
{
    if (getenv("GRPC_VERBOSITY"))
        return;
    gpr_set_log_function(tell);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}
