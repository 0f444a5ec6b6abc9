/* papers.h - certificates for tests, made when they are asked for. */
#ifndef FW_TEST_PAPERS_H
#define FW_TEST_PAPERS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "sdk/wire/tls.h"

/* An authority. */
struct authority {
    EVP_PKEY *key; /* owned */
    X509 *cert;    /* owned; it signs itself */
    char *pem;     /* owned; of `cert` */
};

/* What the authority has given somebody. */
struct papers {
    char *cert; /* owned; PEM */
    char *key;  /* owned; PEM */
};

struct authority authority_make(void);
void authority_close(struct authority *a);

/* Good for an hour for this name, "DNS:..." or "IP:...". */
struct papers papers_make(const struct authority *a, const char *name);
void papers_close(struct papers *p);

/* A side that shows `own` (NULL: nothing) and trusts `ca` (NULL: asks for
 * nothing). */
struct fw_tls_side *side_open(enum fw_tls_end end, const struct papers *own,
                              const struct authority *ca);

#endif
