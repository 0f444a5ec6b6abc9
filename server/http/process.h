/* process.h - what this process takes from the machine.
 *
 * Layer: server/http.  Thread: any. */
#ifndef FW_HTTP_PROCESS_H
#define FW_HTTP_PROCESS_H

#include <stdint.h>

/* A number that is not known is 0. */
struct fw_process {
    double cpu_seconds;
    double start_seconds; /* since 1970 */
    uint64_t rss_bytes;
    uint64_t virtual_bytes;
    uint64_t fds; /* open */
    uint64_t fds_max;
    uint64_t threads;
};

void fw_process_read(struct fw_process *p);

#endif
