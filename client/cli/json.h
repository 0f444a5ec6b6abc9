/* json.h - what flywheel says on stdout, as JSON.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_JSON_H
#define FW_CLI_JSON_H

#include "server/show/json.h"

/* One document on one line of stdout (indented on a terminal), and let go of
 * it; NULL stands for memory that was not there.  Returns an exit code:
 * FW_CLI_OK, or FW_CLI_FAILED after saying why. */
int fw_json_print(json_t *j);

/* A server and its jobs; NULL: out of memory. */
json_t *fw_json_status(const struct fw_status_response *r);

#endif
