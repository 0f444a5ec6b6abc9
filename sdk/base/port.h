/* port.h - numbers of TCP ports in addresses.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_PORT_H
#define FW_BASE_PORT_H

#include <stdbool.h>

#define FW_PORT_MAX 65535

/* Is it a port's number, of digits alone? */
bool fw_port_valid(const char *text);

#endif
