/* options.h - flywheeld's command line.
 *
 * Layer: server/app.  Thread: the main one. */
#ifndef FW_APP_OPTIONS_H
#define FW_APP_OPTIONS_H

#include <stdbool.h>

#include "server/store/config.h"

/* Exit codes; docs and --help say the same. */
enum fw_exit {
    FW_EXIT_OK = 0,
    FW_EXIT_FAILED = 1, /* something else went wrong; the log says what */
    FW_EXIT_USAGE = 2,  /* command line or configuration, or a file that it
                           names and that does not serve */
    FW_EXIT_LISTEN = 3, /* the system lets nobody listen on the address */
    FW_EXIT_DATA = 4,   /* cannot use the data folder */
};

/* Read flags and configuration.  True: go on with `c`.  False: leave with
 * *exit_code; what there was to say was said. */
bool fw_options_read(int argc, char **argv, struct fw_server_config *c,
                     int *exit_code);

#endif
