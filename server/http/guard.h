/* guard.h - who may ask: the names this server goes by, and its token.
 *
 * The Host header must name this machine (127.0.0.1, localhost, [::1] or a
 * configured name), so that a page from elsewhere cannot reach it by a name
 * of its own (DNS rebinding).
 *
 * Layer: server/http.  Thread: any once loaded.  Plain memory. */
#ifndef FW_HTTP_GUARD_H
#define FW_HTTP_GUARD_H

#include "server/http/request.h"
#include "server/store/config.h"

#define FW_TOKEN_MIN 16 /* characters; fewer can be guessed */
#define FW_TOKEN_MAX 256

struct fw_guard {
    char token[FW_TOKEN_MAX + 1];      /* secret; empty: none is asked for */
    const struct fw_admin_config *own; /* lent; its hosts */
};

/* Read the token's file, if the configuration names one.  FW_IO, FW_INVALID
 * with a clear line. */
FW_MUST_USE fw_status fw_guard_load(struct fw_guard *g,
                                    const struct fw_admin_config *config,
                                    struct fw_err *err);

/* Refuse a request with a Host that is not ours or, unless `is_open`, without
 * the token. */
void fw_guard_check(const struct fw_guard *g, bool is_open,
                    struct fw_request *r);

#endif
