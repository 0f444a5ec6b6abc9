/* history_chart.h - one run, or two on one chart, as an SVG file.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_HISTORY_CHART_H
#define FW_CLI_HISTORY_CHART_H

#include "sdk/wire/history.h"

/* Loss by version; `other` NULL: one run.  FW_IO, FW_NOMEM. */
FW_MUST_USE fw_status fw_history_chart(const char *path,
                                       const struct fw_history_series *one,
                                       const struct fw_history_series *other,
                                       struct fw_err *err);

#endif
