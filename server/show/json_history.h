/* json_history.h - what the server remembers, as JSON.
 *
 * Layer: server/show.  Thread: any.  What is returned is the caller's; NULL:
 * out of memory. */
#ifndef FW_SHOW_JSON_HISTORY_H
#define FW_SHOW_JSON_HISTORY_H

#include <jansson.h>

#include "sdk/wire/history.h"

/* Columns side by side: time (Unix seconds), version, worker_seconds, and for
 * each of "series" its "min" and "max"; null where nothing is known. */
json_t *fw_json_history(const struct fw_history_series *s);

/* {"runs": [...]}, newest first; times are Unix seconds. */
json_t *fw_json_runs(const struct fw_run_list *l);

#endif
