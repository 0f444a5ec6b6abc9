/* config_complaint.h - what libcyaml complains of, and in which line.
 *
 * Layer: server/store.  Thread: the main one. */
#ifndef FW_STORE_CONFIG_COMPLAINT_H
#define FW_STORE_CONFIG_COMPLAINT_H

#include <stdarg.h>

#include <cyaml/cyaml.h>

#define COMPLAINT 256 /* bytes of libcyaml's message */

/* The first complaint of libcyaml, and the line it was at. */
struct fw_complaint {
    char text[COMPLAINT];
    char key[COMPLAINT]; /* of the field it is about; empty: none told */
    unsigned line;       /* 0: not known */
};

/* libcyaml's log function; `ctx` is a struct fw_complaint, zero at first. */
void fw_complaint_hear(cyaml_log_t level, void *ctx, const char *fmt,
                       va_list args);

/* The line it is about. */
unsigned fw_complaint_line(const struct fw_complaint *c, const char *text);

/* The number of the first line, from line `from` on, that has this key; 0:
 * none. */
unsigned fw_line_of_key(const char *text, const char *key, unsigned from);

#endif
