/* loan.h - memory of the caller that gRPC still reads.
 *
 * A call that lends its caller's array must not return before every slice of
 * it has been let go.
 *
 * Layer: sdk/client.  Thread: any; it has its own lock, because gRPC lets go
 * from inside calls that are made under another. */
#ifndef FW_CLIENT_LOAN_H
#define FW_CLIENT_LOAN_H

#include <stddef.h>

#include "sdk/client/waiter.h"
#include "sdk/wire/grpc_glue.h"

struct fw_loan {
    struct fw_waiter waiter; /* guards the rest */
    size_t out;              /* slices gRPC holds */
};

void fw_loan_init(struct fw_loan *l);
void fw_loan_close(struct fw_loan *l);

/* Lend `n` bytes; the result goes into one fw_buffer_create. */
struct fw_lent fw_loan_lend(struct fw_loan *l, const void *data, size_t n);

/* Wait until gRPC holds nothing. */
void fw_loan_wait(struct fw_loan *l);

#endif
