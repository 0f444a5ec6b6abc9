/* config_scalar.h - numbers and flags of a configuration, from their texts.
 *
 * Layer: server/store.  Thread: the main one. */
#ifndef FW_STORE_CONFIG_SCALAR_H
#define FW_STORE_CONFIG_SCALAR_H

#include "sdk/base/status.h"

/* A number within its limits. */
struct fw_number {
    const char *path; /* "limits.max_jobs" */
    const char *from; /* what the file says; NULL: nothing */
    uint32_t low;
    uint32_t high;
    uint32_t *to;
};

/* Take those that `text`, the file, has.  FW_INVALID names line and key, and
 * what is wanted. */
FW_MUST_USE fw_status fw_numbers_take(const struct fw_number *numbers, size_t n,
                                      const char *text, struct fw_err *err);

/* As above: true or false, and what YAML takes for these. */
FW_MUST_USE fw_status fw_flag_take(const char *path, const char *from,
                                   const char *text, bool *to,
                                   struct fw_err *err);

#endif
