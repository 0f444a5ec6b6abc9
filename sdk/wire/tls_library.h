/* tls_library.h - the OpenSSL that lanes use: with a faster AES-GCM if there is
 * one (tls_gcm.h), as a provider in a library context of our own.
 *
 * OpenSSL makes the handshake and the records, holds the keys, and checks who
 * is there; only its cipher is another (provider(7), provider-cipher(7)).  What
 * else of this process uses OpenSSL, gRPC or Python, sees nothing of it.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_TLS_LIBRARY_H
#define FW_WIRE_TLS_LIBRARY_H

#include <openssl/types.h>

/* The `propq` that goes with it; it harms nothing without. */
#define FW_TLS_PREFER "?provider=flywheel"

/* Lives as long as the process.  NULL: OpenSSL's own, since nothing faster is
 * here, or the system is set to FIPS, which says what ciphers are to be used.
 */
OSSL_LIB_CTX *fw_tls_library(void);

#endif
