/* json.h - what the server's messages say, as JSON.
 *
 * For the administrator's HTTP and for `flywheel --json` alike.  A number that
 * is not known (NAN) is null; names are those of the proto.
 *
 * Layer: server/show.  Thread: any.  What is returned is the caller's; NULL:
 * out of memory. */
#ifndef FW_SHOW_JSON_H
#define FW_SHOW_JSON_H

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

/* Of 100 gradient evaluations of the workers, those spent on probes that came
 * back; NAN before the first. */
double fw_probe_share(const struct fw_job_status *j);

#endif
