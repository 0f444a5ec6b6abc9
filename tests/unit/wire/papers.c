#include "tests/unit/wire/papers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define HOUR_S 3600

/* The text in a memory BIO, which it ends. */
static char *text_of(BIO *b)
{
    char *data;
    long n = BIO_get_mem_data(b, &data);
    char *text = calloc(1, (size_t)n + 1);

    assert_non_null(text);
    memcpy(text, data, (size_t)n);
    BIO_free(b);
    return text;
}

static char *text_of_cert(X509 *x)
{
    BIO *b = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(b, x), 1);
    return text_of(b);
}

static X509 *make(EVP_PKEY *key, const char *subject, const X509 *issuer,
                  EVP_PKEY *signer, int nid, const char *extension)
{
    X509 *x = X509_new();
    X509_NAME *name;
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, extension);

    assert_non_null(x);
    assert_non_null(e);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), rand() % 1000000 + 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -HOUR_S);
    X509_gmtime_adj(X509_getm_notAfter(x), HOUR_S);
    X509_set_pubkey(x, key);
    name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)subject, -1, -1, 0);
    X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
    return x;
}

struct authority authority_make(void)
{
    struct authority a = {.key = EVP_EC_gen("P-256")};

    assert_non_null(a.key);
    a.cert = make(a.key, "authority", NULL, a.key, NID_basic_constraints,
                  "critical,CA:TRUE");
    a.pem = text_of_cert(a.cert);
    return a;
}

void authority_close(struct authority *a)
{
    EVP_PKEY_free(a->key);
    X509_free(a->cert);
    free(a->pem);
    *a = (struct authority){0};
}

struct papers papers_make(const struct authority *a, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x =
        make(key, "somebody", a->cert, a->key, NID_subject_alt_name, name);
    struct papers p = {.cert = text_of_cert(x)};
    BIO *b = BIO_new(BIO_s_mem());

    assert_int_equal(
        PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
    p.key = text_of(b);
    EVP_PKEY_free(key);
    X509_free(x);
    return p;
}

void papers_close(struct papers *p)
{
    free(p->cert);
    free(p->key);
    *p = (struct papers){0};
}

struct fw_tls_side *side_open(enum fw_tls_end end, const struct papers *own,
                              const struct authority *ca)
{
    struct fw_tls_pem pem = {
        .cert = own ? own->cert : NULL,
        .key = own ? own->key : NULL,
        .ca = ca ? ca->pem : NULL,
    };
    struct fw_tls_side *side = NULL;
    struct fw_err err = {0};

    if (fw_tls_side_open(end, &pem, &side, &err) != FW_OK)
        fail_msg("%s", err.text);
    return side;
}
