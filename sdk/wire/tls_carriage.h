/* tls_carriage.h - TLS records to and from a socket, many with a system call.
 *
 * OpenSSL hands over each record by itself and asks for each by itself (if it
 * reads ahead, it moves all it has for every record); here they gather.
 *
 * Layer: sdk/wire.  Thread: its owner's.  Lives inside a pipe (pipe_tls.c). */
#ifndef FW_WIRE_TLS_CARRIAGE_H
#define FW_WIRE_TLS_CARRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

#include "sdk/base/status.h"

struct fw_carriage {
    int fd;       /* lent by the owner */
    bool drained; /* the last read has emptied the socket */
    uint8_t *in;  /* owned; what has come and OpenSSL has not taken */
    size_t from;  /* where it begins in `in` */
    size_t have;  /* its bytes */
    uint8_t *out; /* owned; records that are to go out */
    size_t room;  /* of `out` */
    size_t n;     /* bytes in `out` */
    size_t sent;  /* of them */
};

/* What OpenSSL needs to use a carriage, its data; the caller frees it.  NULL:
 * no memory. */
BIO_METHOD *fw_carriage_method(void);

/* Room for so many bytes more; false: no memory. */
FW_MUST_USE bool fw_carriage_reserve(struct fw_carriage *c, size_t more);

/* Send what there is.  0: all; else errno, EAGAIN: some of it is still here. */
int fw_carriage_flush(struct fw_carriage *c);

/* Give the memory back, but for what OpenSSL has still to take. */
void fw_carriage_rest(struct fw_carriage *c);

/* Give the memory back.  Safe twice and on zero. */
void fw_carriage_close(struct fw_carriage *c);

#endif
