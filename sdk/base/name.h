/* name.h - names of jobs and workers: [A-Za-z0-9._-]{1,64}, no leading dot, so
 * that a name is safe in a path, a label and a terminal.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_NAME_H
#define FW_BASE_NAME_H

#include <stdbool.h>

#define FW_NAME_RULE "1 to 64 of A-Z a-z 0-9 . _ - and no leading dot"

bool fw_name_valid(const char *name);

#endif
