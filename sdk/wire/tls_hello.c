#include "sdk/wire/tls_hello.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static const uint8_t h2[] = {2, 'h', '2'};

/* Begin a handshake with nobody. */
static size_t begin(SSL *ssl, uint8_t out[FW_TLS_HELLO_MAX])
{
    BIO *in = BIO_new(BIO_s_mem());
    BIO *to = BIO_new(BIO_s_mem());
    int n = 0;

    if (in && to) {
        SSL_set_bio(ssl, in, to); /* takes both */
        SSL_set_connect_state(ssl);
        (void)SSL_set_alpn_protos(ssl, h2, sizeof(h2));
        (void)SSL_do_handshake(ssl); /* it cannot get further than this */
        n = BIO_read(to, out, FW_TLS_HELLO_MAX);
    } else {
        BIO_free(in);
        BIO_free(to);
    }
    return n > 0 ? (size_t)n : 0;
}

size_t fw_tls_hello(uint8_t out[FW_TLS_HELLO_MAX])
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    size_t n = ssl ? begin(ssl, out) : 0;

    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
    return n;
}
