/* What there is to know about a dtype (tensor.h). */
#include <stdlib.h>
#include <string.h>

#include "sdk/wire/int8.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/topk.h"

static const struct kind {
    enum fw_dtype dtype;
    enum fw_dtype down;
    uint32_t unit;
    const char *name;
} KINDS[] = {
    {FW_DTYPE_F32, FW_DTYPE_F32, 1, "f32"},
    {FW_DTYPE_BF16, FW_DTYPE_BF16, 1, "bf16"},
    {FW_DTYPE_INT8, FW_DTYPE_BF16, FW_INT8_BLOCK, "int8"},
    {FW_DTYPE_TOPK, FW_DTYPE_BF16, FW_TOPK_SEGMENT, "topk"},
};

#define N_KINDS (sizeof(KINDS) / sizeof(*KINDS))

static const struct kind *find(enum fw_dtype dtype)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (KINDS[i].dtype == dtype)
            return &KINDS[i];
    }
    return NULL;
}

bool fw_dtype_known(enum fw_dtype dtype)
{
    return find(dtype) != NULL;
}

enum fw_dtype fw_dtype_down(enum fw_dtype dtype)
{
    const struct kind *k = find(dtype);

    return k ? k->down : dtype;
}

uint32_t fw_dtype_unit(enum fw_dtype dtype)
{
    const struct kind *k = find(dtype);

    return k ? k->unit : 1;
}

const char *fw_dtype_name(enum fw_dtype dtype)
{
    const struct kind *k = find(dtype);

    return k ? k->name : "unknown";
}

/* ":0.01" behind the name of top-k. */
static bool parse_share(const char *text, double *share)
{
    char *end = NULL;

    if (*text != ':' || text[1] == '\0')
        return false;
    *share = strtod(text + 1, &end);
    return *end == '\0' && *share > 0.0 && *share <= 1.0;
}

fw_status fw_dtype_parse(const char *text, enum fw_dtype *dtype, double *share,
                         struct fw_err *err)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        size_t n = strlen(KINDS[i].name);

        if (strncmp(text, KINDS[i].name, n) != 0)
            continue;
        *dtype = KINDS[i].dtype;
        *share = FW_TOPK_SHARE;
        if (text[n] == '\0' ||
            (*dtype == FW_DTYPE_TOPK && parse_share(text + n, share)))
            return FW_OK;
    }
    return FW_REFUSE(
        err, DTYPE_UNSUPPORTED,
        "'%.32s' is not " FW_WIRE_RULE " with SHARE above 0, at most 1", text);
}
