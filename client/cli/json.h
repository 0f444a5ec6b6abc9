/* json.h - what flywheel says, as JSON.
 *
 * A number that is not known (NAN) is null; names are those of the proto.
 *
 * Layer: client/cli.  Thread: the main one.  What is returned is the caller's;
 * NULL: out of memory, which fw_json_print() reports. */
#ifndef FW_CLI_JSON_H
#define FW_CLI_JSON_H

#include <jansson.h>

#include "sdk/wire/messages.h"

/* A number, or null for NAN and infinities. */
json_t *fw_json_real(double x);

json_t *fw_json_spec(const struct fw_job_spec *s);
json_t *fw_json_names(const struct fw_job_names *names);
json_t *fw_json_worker(const struct fw_worker_status *w);
json_t *fw_json_job(const struct fw_job_status *j);
json_t *fw_json_server(const struct fw_server_status *s);
json_t *fw_json_decision(const struct fw_decision_message *d);

/* One document on one line of stdout (indented on a terminal), and let go of
 * it.  Returns an exit code: FW_CLI_OK, or FW_CLI_FAILED after saying why. */
int fw_json_print(json_t *j);

#endif
