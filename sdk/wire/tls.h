/* tls.h - what one side of TLS shows and whom it trusts, ready for handshakes.
 *
 * TLS 1.3 alone: both ends are flywheel's.  AES-GCM where the processor has it
 * in hardware.  No tickets: each connection shows its certificate anew, so that
 * a new authority counts from the next one on.
 *
 * Layer: sdk/wire.  Thread: any; a side never changes.  Counted. */
#ifndef FW_WIRE_TLS_H
#define FW_WIRE_TLS_H

#include <openssl/ssl.h>

#include "sdk/base/status.h"

/* Texts in PEM, each with a zero at its end; NULL: there is none. */
struct fw_tls_pem {
    const char *cert; /* the side's own and what leads to its authority */
    const char *key;  /* of `cert` */
    const char *ca;   /* what the other end's certificate must be of */
};

struct fw_tls_side {
    SSL_CTX *context;     /* owned */
    BIO_METHOD *carriage; /* owned; how pipe_tls.c moves records */
    uint32_t refs;        /* atomic */
};

enum fw_tls_end {
    FW_TLS_SERVER, /* asks for a client's certificate if there is a `ca` */
    FW_TLS_CLIENT, /* checks the server's, with its name */
};

/* FW_INVALID tells which of the texts does not serve, FW_NOMEM. */
FW_MUST_USE fw_status fw_tls_side_open(enum fw_tls_end end,
                                       const struct fw_tls_pem *pem,
                                       struct fw_tls_side **out,
                                       struct fw_err *err);

struct fw_tls_side *fw_tls_side_ref(struct fw_tls_side *side);
void fw_tls_side_unref(struct fw_tls_side *side); /* NULL: nothing */

/* Why OpenSSL has just failed on this thread; never NULL. */
const char *fw_tls_reason(void);

#endif
