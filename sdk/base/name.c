#include "sdk/base/name.h"

#include <string.h>

#include <flywheel/flywheel.h>

bool fw_name_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t n = name ? strlen(name) : 0;

    return n >= 1 && n <= FW_NAME_MAX && name[0] != '.' &&
           strspn(name, allowed) == n;
}
