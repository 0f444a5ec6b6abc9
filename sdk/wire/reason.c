#include "sdk/wire/reason.h"

#include <string.h>

struct reason {
    const char *name;
    fw_status status;
    int grpc_code;
};

static const struct reason reasons[] = {
#define FW_REASON_ROW(code, status, grpc) {#code, FW_##status, grpc},
    FW_REASON_MAP(FW_REASON_ROW)
#undef FW_REASON_ROW
};

#define N_REASONS (sizeof(reasons) / sizeof(*reasons))

static const struct reason *find(const char *name)
{
    for (size_t i = 0; i < N_REASONS; i++) {
        if (strcmp(reasons[i].name, name) == 0)
            return &reasons[i];
    }
    return NULL;
}

fw_status fw_reason_status(const char *reason)
{
    const struct reason *r = find(reason);

    return r ? r->status : FW_INTERNAL;
}

/* Canonical codes: google/rpc/code.proto. */
static int nearest_code(fw_status s)
{
    switch (s) {
    case FW_OK:
        return 0;
    case FW_INVALID:
        return 3;
    case FW_TIMEOUT:
        return 4;
    case FW_NOT_FOUND:
        return 5;
    case FW_EXISTS:
        return 6;
    case FW_DENIED:
        return 7;
    case FW_NOMEM:
    case FW_BUSY:
        return 8;
    case FW_PRECONDITION:
        return 9;
    case FW_STALE:
        return 10;
    case FW_UNSUPPORTED:
        return 12;
    case FW_UNAVAILABLE:
    case FW_CLOSED:
        return 14;
    case FW_CORRUPT:
        return 15;
    case FW_IO:
    case FW_INTERNAL:
        break;
    }
    return 13;
}

int fw_reason_grpc_code(fw_status s, const struct fw_err *err)
{
    const struct reason *r = err ? find(err->reason) : NULL;

    return r ? r->grpc_code : nearest_code(s);
}

uint32_t fw_reason_retry_ms(const struct fw_err *err)
{
    static const struct {
        const char *reason;
        uint32_t ms;
    } rows[] = {
        {FW_REASON(OVERLOADED), 200},        /* a full box empties soon */
        {FW_REASON(THROTTLED), 1000},        /* unless it says how long */
        {FW_REASON(OUT_OF_MEMORY), 1000},    /* somebody's step has to end */
        {FW_REASON(TOO_MANY_WORKERS), 5000}, /* somebody has to leave */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (strcmp(rows[i].reason, err->reason) == 0)
            return rows[i].ms;
    }
    return 0;
}

fw_status fw_reason_from_grpc_code(int code)
{
    static const fw_status by_code[] = {
        FW_OK,        FW_CLOSED,  FW_INTERNAL,    FW_INVALID,  FW_TIMEOUT,
        FW_NOT_FOUND, FW_EXISTS,  FW_DENIED,      FW_BUSY,     FW_PRECONDITION,
        FW_STALE,     FW_INVALID, FW_UNSUPPORTED, FW_INTERNAL, FW_UNAVAILABLE,
        FW_CORRUPT,   FW_DENIED,
    };

    if (code < 0 || (size_t)code >= sizeof(by_code) / sizeof(*by_code))
        return FW_INTERNAL;
    return by_code[code];
}
