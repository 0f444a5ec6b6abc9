#include "sdk/wire/tls.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "sdk/base/mem.h"
#include "sdk/wire/tls_carriage.h"
#include "sdk/wire/tls_library.h"

#define AES_FIRST                                                              \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                           \
    "TLS_CHACHA20_POLY1305_SHA256"
#define CHACHA_FIRST                                                           \
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"                     \
    "TLS_AES_256_GCM_SHA384"

const char *fw_tls_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "no reason given";
}

static bool aes_is_fast(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#else
    return true; /* processors of servers have it */
#endif
}

/* Nobody is here to type a passphrase. */
static int no_passphrase(char *to, int n, int writing, void *user)
{
    (void)to;
    (void)n;
    (void)writing;
    (void)user;
    return 0;
}

static X509 *next_certificate(BIO *from)
{
    X509 *x = X509_new_ex(fw_tls_library(), FW_TLS_PREFER);

    if (x && !PEM_read_bio_X509(from, &x, no_passphrase, NULL)) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

/* The side's own certificate, and those that lead to its authority. */
static bool use_certificate(SSL_CTX *context, const char *pem)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    X509 *x = from ? next_certificate(from) : NULL;
    bool ok = x && SSL_CTX_use_certificate(context, x) == 1;

    X509_free(x);
    while (ok && (x = next_certificate(from)) != NULL) {
        ok = SSL_CTX_add0_chain_cert(context, x) == 1;
        if (!ok)
            X509_free(x);
    }
    BIO_free(from);
    return ok;
}

static bool use_key(SSL_CTX *context, const char *pem)
{
    BIO *from = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key =
        from ? PEM_read_bio_PrivateKey_ex(from, NULL, no_passphrase, NULL,
                                          fw_tls_library(), FW_TLS_PREFER)
             : NULL;
    bool ok = key && SSL_CTX_use_PrivateKey(context, key) == 1 &&
              SSL_CTX_check_private_key(context) == 1;

    EVP_PKEY_free(key);
    BIO_free(from);
    return ok;
}

static bool use_authority(SSL_CTX *context, const char *pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    BIO *from = BIO_new_mem_buf(pem, -1);
    X509 *x;
    bool ok = from != NULL;
    size_t n = 0;

    while (ok && (x = next_certificate(from)) != NULL) {
        ok = X509_STORE_add_cert(store, x) == 1 &&
             SSL_CTX_add_client_CA(context, x) == 1;
        X509_free(x);
        n++;
    }
    BIO_free(from);
    return ok && n;
}

static fw_status use(SSL_CTX *context, const struct fw_tls_pem *pem,
                     struct fw_err *err)
{
    ERR_clear_error();
    if (pem->cert && !use_certificate(context, pem->cert))
        return fw_err_set(err, FW_INVALID, "the certificate does not serve: %s",
                          fw_tls_reason());
    if (pem->key && !use_key(context, pem->key))
        return fw_err_set(err, FW_INVALID, "the key does not serve: %s",
                          fw_tls_reason());
    if (pem->ca && !use_authority(context, pem->ca))
        return fw_err_set(err, FW_INVALID, "the authority does not serve: %s",
                          fw_tls_reason());
    ERR_clear_error(); /* the end of a list of certificates leaves one */
    return FW_OK;
}

static bool set_rules(SSL_CTX *context, enum fw_tls_end end, bool verify)
{
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

    SSL_CTX_set_verify(
        context, end == FW_TLS_CLIENT || verify ? mode : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(
        context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                     SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_ciphersuites(context, aes_is_fast() ? AES_FIRST
                                                           : CHACHA_FIRST) == 1;
}

fw_status fw_tls_side_open(enum fw_tls_end end, const struct fw_tls_pem *pem,
                           struct fw_tls_side **out, struct fw_err *err)
{
    struct fw_tls_side *side = fw_mem_array(1, sizeof(*side));
    fw_status s = FW_NOMEM;

    *out = NULL;
    if (side) {
        side->refs = 1;
        side->carriage = fw_carriage_method();
        side->context = SSL_CTX_new_ex(
            fw_tls_library(), FW_TLS_PREFER,
            end == FW_TLS_SERVER ? TLS_server_method() : TLS_client_method());
    }
    if (!side || !side->carriage || !side->context ||
        !set_rules(side->context, end, pem->ca != NULL))
        (void)fw_err_set(err, s, "TLS cannot be set up: %s", fw_tls_reason());
    else
        s = use(side->context, pem, err);
    if (s == FW_OK)
        *out = side;
    else
        fw_tls_side_unref(side);
    return s;
}

struct fw_tls_side *fw_tls_side_ref(struct fw_tls_side *side)
{
    __atomic_add_fetch(&side->refs, 1, __ATOMIC_RELAXED);
    return side;
}

void fw_tls_side_unref(struct fw_tls_side *side)
{
    if (!side || __atomic_sub_fetch(&side->refs, 1, __ATOMIC_ACQ_REL))
        return;
    SSL_CTX_free(side->context);
    BIO_meth_free(side->carriage);
    free(side);
}
