#include "sdk/wire/tls_library.h"

#include <pthread.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#ifdef FW_IPSEC_MB
#include "sdk/wire/tls_gcm.h"
#include "sdk/wire/tls_provider.h"
#endif

static OSSL_LIB_CTX *library; /* set once, by `make` */
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef FW_IPSEC_MB
static void make(void)
{
    OSSL_LIB_CTX *own;

    if (!fw_gcm_serves() || EVP_default_properties_is_fips_enabled(NULL))
        return;
    own = OSSL_LIB_CTX_new();
    if (own &&
        OSSL_PROVIDER_add_builtin(own, FW_TLS_PROVIDER_NAME,
                                  fw_tls_provider_init) == 1 &&
        OSSL_PROVIDER_load(own, "default") &&
        OSSL_PROVIDER_load(own, FW_TLS_PROVIDER_NAME))
        library = own;
    else
        OSSL_LIB_CTX_free(own);
}
#else
static void make(void)
{
}
#endif

OSSL_LIB_CTX *fw_tls_library(void)
{
    pthread_once(&once, make);
    return library;
}
