/* config_complaint.h - what libcyaml complains of, in words that name the key,
 * what was found and what is wanted, and in which line.
 *
 * Layer: server/store.  Thread: the main one. */
#ifndef FW_STORE_CONFIG_COMPLAINT_H
#define FW_STORE_CONFIG_COMPLAINT_H

#include <stdarg.h>

#include <cyaml/cyaml.h>

#include "sdk/base/status.h"

#define COMPLAINT 256 /* bytes of libcyaml's message */

/* The first complaint of libcyaml, and where it was. */
struct fw_complaint {
    char text[COMPLAINT];
    char path[COMPLAINT]; /* of the field, "limits.max_jobs"; empty: the file */
    unsigned line;        /* 0: not known */
};

/* libcyaml's log function; `ctx` is a struct fw_complaint, zero at first. */
void fw_complaint_hear(cyaml_log_t level, void *ctx, const char *fmt,
                       va_list args);

/* FW_INVALID with a line for people; `e` is what libcyaml returned for `text`,
 * which should be as `schema` says. */
FW_MUST_USE fw_status fw_complaint_explain(const struct fw_complaint *c,
                                           const cyaml_schema_value_t *schema,
                                           cyaml_err_t e, const char *text,
                                           struct fw_err *err);

/* The line of a key, "tls" or "tls.cert"; 0: it is not there. */
unsigned fw_line_of_path(const char *text, const char *path);

#endif
