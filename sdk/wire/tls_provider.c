#include "sdk/wire/tls_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "sdk/wire/tls_gcm.h"

/* --- messages: provider-cipher(7) --- */

static void *create_128(void *provider)
{
    (void)provider;
    return fw_gcm_create(FW_GCM_128);
}

static void *create_256(void *provider)
{
    (void)provider;
    return fw_gcm_create(FW_GCM_256);
}

static void destroy(void *g)
{
    fw_gcm_destroy(g);
}

/* The length of a key was given by `tell`, and OpenSSL keeps to it. */
static int start(struct fw_gcm *g, bool encrypts, const uint8_t *key,
                 const uint8_t *nonce, size_t n_nonce)
{
    if (nonce && n_nonce != FW_GCM_NONCE_BYTES)
        return 0;
    fw_gcm_start(g, encrypts, key, nonce);
    return 1;
}

static int encrypt(void *g, const unsigned char *key, size_t n_key,
                   const unsigned char *nonce, size_t n_nonce,
                   const OSSL_PARAM params[])
{
    (void)n_key;
    (void)params;
    return start(g, true, key, nonce, n_nonce);
}

static int decrypt(void *g, const unsigned char *key, size_t n_key,
                   const unsigned char *nonce, size_t n_nonce,
                   const OSSL_PARAM params[])
{
    (void)n_key;
    (void)params;
    return start(g, false, key, nonce, n_nonce);
}

/* No place for it: it is covered, and nothing comes out. */
static int update(void *g, unsigned char *to, size_t *n_to, size_t room,
                  const unsigned char *from, size_t n)
{
    *n_to = n;
    if (!to)
        return fw_gcm_cover(g, from, n);
    return room >= n && fw_gcm_update(g, to, from, n);
}

static int finish(void *g, unsigned char *to, size_t *n_to, size_t room)
{
    (void)to;
    (void)room;
    *n_to = 0;
    return fw_gcm_finish(g);
}

/* --- what OpenSSL asks and says besides --- */

static int tell(OSSL_PARAM params[], enum fw_gcm_strength strength)
{
    const struct {
        const char *name;
        size_t value;
    } all[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, fw_gcm_key_bytes(strength)},
        {OSSL_CIPHER_PARAM_IVLEN, FW_GCM_NONCE_BYTES},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, 1},
        {OSSL_CIPHER_PARAM_MODE, EVP_CIPH_GCM_MODE},
        {OSSL_CIPHER_PARAM_AEAD, 1},
        {OSSL_CIPHER_PARAM_CUSTOM_IV, 1},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        OSSL_PARAM *p = OSSL_PARAM_locate(params, all[i].name);

        if (p && !OSSL_PARAM_set_size_t(p, all[i].value))
            return 0;
    }
    return 1;
}

static int tell_128(OSSL_PARAM params[])
{
    return tell(params, FW_GCM_128);
}

static int tell_256(OSSL_PARAM params[])
{
    return tell(params, FW_GCM_256);
}

/* Lengths are those of the cipher. */
static int tell_own(void *g, OSSL_PARAM params[])
{
    OSSL_PARAM *nonce = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IVLEN);
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN);
    OSSL_PARAM *tag = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
    const uint8_t *made = fw_gcm_tag(g);

    if ((nonce && !OSSL_PARAM_set_size_t(nonce, FW_GCM_NONCE_BYTES)) ||
        (p && !OSSL_PARAM_set_size_t(p, FW_GCM_TAG_BYTES)))
        return 0;
    return !tag || (made && tag->data_size == FW_GCM_TAG_BYTES &&
                    OSSL_PARAM_set_octet_string(tag, made, FW_GCM_TAG_BYTES));
}

/* A shorter tag would be easier to guess, and nonces have one length. */
static int set(void *g, const OSSL_PARAM params[])
{
    const OSSL_PARAM *nonce =
        OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_IVLEN);
    const OSSL_PARAM *tag =
        OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TAG);
    size_t n = 0;

    if (nonce && (!OSSL_PARAM_get_size_t(nonce, &n) || n != FW_GCM_NONCE_BYTES))
        return 0;
    return !tag ||
           (tag->data_type == OSSL_PARAM_OCTET_STRING &&
            tag->data_size == FW_GCM_TAG_BYTES && fw_gcm_expect(g, tag->data));
}

static const OSSL_PARAM own_params[] = {
    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, NULL),
    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
    OSSL_PARAM_END};

static const OSSL_PARAM *may_be_asked_or_set(void *g, void *provider)
{
    (void)g;
    (void)provider;
    return own_params;
}

/* --- the provider: provider(7) --- */

#define ENTRY(id, function)                                                    \
    {                                                                          \
        id, (void (*)(void))(function)                                         \
    }
#define CIPHER(create, tell)                                                   \
    {                                                                          \
        ENTRY(OSSL_FUNC_CIPHER_NEWCTX, create),                                \
            ENTRY(OSSL_FUNC_CIPHER_FREECTX, destroy),                          \
            ENTRY(OSSL_FUNC_CIPHER_ENCRYPT_INIT, encrypt),                     \
            ENTRY(OSSL_FUNC_CIPHER_DECRYPT_INIT, decrypt),                     \
            ENTRY(OSSL_FUNC_CIPHER_UPDATE, update),                            \
            ENTRY(OSSL_FUNC_CIPHER_FINAL, finish),                             \
            ENTRY(OSSL_FUNC_CIPHER_GET_PARAMS, tell),                          \
            ENTRY(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, tell_own),                  \
            ENTRY(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, set),                       \
            ENTRY(OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, may_be_asked_or_set),  \
            ENTRY(OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, may_be_asked_or_set),  \
        {                                                                      \
            0, NULL                                                            \
        }                                                                      \
    }

static const OSSL_DISPATCH cipher_128[] = CIPHER(create_128, tell_128);
static const OSSL_DISPATCH cipher_256[] = CIPHER(create_256, tell_256);

/* Their names are those of OpenSSL's own. */
static const OSSL_ALGORITHM ciphers[] = {
    {"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6",
     "provider=" FW_TLS_PROVIDER_NAME, cipher_128, NULL},
    {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46",
     "provider=" FW_TLS_PROVIDER_NAME, cipher_256, NULL},
    {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM *offer(void *provider, int operation, int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static const OSSL_DISPATCH ways[] = {
    ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, offer), {0, NULL}};

int fw_tls_provider_init(const OSSL_CORE_HANDLE *handle,
                         const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                         void **provider)
{
    (void)in;
    *out = ways;
    *provider = (void *)handle;
    return fw_gcm_serves();
}
