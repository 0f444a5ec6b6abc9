/* tls_provider.h - tls_gcm.h as a provider of OpenSSL 3: AES-128-GCM and
 * AES-256-GCM.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_TLS_PROVIDER_H
#define FW_WIRE_TLS_PROVIDER_H

#include <openssl/core.h>

#define FW_TLS_PROVIDER_NAME "flywheel" /* the provider's */

/* For OSSL_PROVIDER_add_builtin(); only if fw_gcm_serves(). */
OSSL_provider_init_fn fw_tls_provider_init;

#endif
