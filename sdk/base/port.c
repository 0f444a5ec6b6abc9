#include "sdk/base/port.h"

#include <stdlib.h>
#include <string.h>

bool fw_port_valid(const char *text)
{
    return text[0] && strspn(text, "0123456789") == strlen(text) &&
           strtol(text, NULL, 10) <= FW_PORT_MAX; /* what overflows is more */
}
