/* doctor_check.h: certificates, and a handshake as a client would make it. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/cli/doctor_check.h"

#define MS_PER_S  1000
#define US_PER_MS 1000

/* Days until a certificate runs out; below 0: it has. */
static int64_t days_left(const X509 *cert)
{
    int days = 0;
    int seconds = 0;

    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)))
        return -1;
    return seconds < 0 && days == 0 ? -1 : days;
}

/* The server's name, as it stands in an address. */
static void name_of(const char *address, char host[FW_ADDRESS_MAX])
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : strlen(address);

    if (n > 1 && address[0] == '[') {
        address++;
        n -= 2;
    }
    snprintf(host, FW_ADDRESS_MAX, "%.*s", (int)n, address);
}

static bool is_name_wrong(const X509 *cert, const char *host)
{
    X509 *c = (X509 *)cert; /* openssl 3 asks for a mutable one */

    return X509_check_ip_asc(c, host, 0) != 1 &&
           X509_check_host(c, host, 0, 0, NULL) != 1;
}

/* What the command line or else the environment says (credentials.h). */
static const char *file_of(const char *option, const char *variable)
{
    const char *path = option ? option : getenv(variable);

    return path && path[0] ? path : NULL;
}

static SSL_CTX *make_context(const struct fw_cli_common *common)
{
    const char *ca = file_of(common->ca, "FLYWHEEL_CA");
    const char *cert = file_of(common->cert, "FLYWHEEL_CERT");
    const char *key = file_of(common->key, "FLYWHEEL_KEY");
    static const unsigned char h2[] = {2, 'h', '2'}; /* as gRPC */
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool ok = ctx && SSL_CTX_load_verify_locations(ctx, ca, NULL) == 1;

    if (ok && cert)
        ok = SSL_CTX_use_certificate_chain_file(ctx, cert) == 1;
    if (ok && key)
        ok = SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1;
    if (ok && SSL_CTX_set_alpn_protos(ctx, h2, sizeof(h2)) == 0)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* What a handshake shows; the verdicts are independent of each other. */
static void judge_peer(struct fw_visit *v, SSL *ssl, const char *host)
{
    X509 *cert = SSL_get1_peer_certificate(ssl);
    long verified = SSL_get_verify_result(ssl);
    int64_t days = cert ? days_left(cert) : -1;

    if (!cert) {
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "tls", "look at its log",
                                 "the server shows no certificate"));
        return;
    }
    fw_visit_add(v, fw_judge_certificate("the server's certificate", days));
    if (verified != X509_V_OK && days >= 0)
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "tls",
                                 "give the authority that signed it by --ca",
                                 "the certificate is not to be trusted: %s",
                                 X509_verify_cert_error_string(verified)));
    if (is_name_wrong(cert, host))
        fw_visit_add(
            v, fw_found(FW_FOUND_FAIL, "tls",
                        "connect to a name of the certificate, or make one "
                        "with this name: flywheel certs",
                        "the certificate is not of '%s'", host));
    else if (verified == X509_V_OK)
        fw_visit_add(v, fw_found(FW_FOUND_OK, "tls", "", "%s, %s",
                                 SSL_get_version(ssl), SSL_get_cipher(ssl)));
    X509_free(cert);
}

static void shake_hands(struct fw_visit *v, SSL_CTX *ctx, int fd)
{
    struct timeval limit = {
        .tv_sec = (time_t)(v->common->timeout_ms / MS_PER_S),
        .tv_usec = (suseconds_t)(v->common->timeout_ms % MS_PER_S * US_PER_MS)};
    char host[FW_ADDRESS_MAX];
    SSL *ssl = SSL_new(ctx);

    name_of(v->common->server, host);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* judged below */
    if (ssl && SSL_set_fd(ssl, fd) == 1 &&
        SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_connect(ssl) == 1) {
        judge_peer(v, ssl, host);
        SSL_shutdown(ssl);
    } else {
        unsigned long e = ERR_peek_last_error();
        const char *why = e ? ERR_reason_error_string(e) : NULL;

        fw_visit_add(v,
                     fw_found(FW_FOUND_FAIL, "tls",
                              "the server may be without TLS: leave out "
                              "--ca; or it wants --cert and --key",
                              "no handshake: %s", why ? why : "it is quiet"));
    }
    SSL_free(ssl);
}

void fw_check_tls(struct fw_visit *v)
{
    struct fw_err err = {0};
    SSL_CTX *ctx;
    int fd;

    if (v->unreached || !file_of(v->common->ca, "FLYWHEEL_CA"))
        return;
    ctx = make_context(v->common);
    fd = ctx ? fw_doctor_dial(v->common, &err) : -1;
    if (!ctx)
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "tls",
                                 "PEM files, readable, of a pair",
                                 "--ca, --cert or --key cannot be used: %s",
                                 ERR_reason_error_string(ERR_peek_error())));
    else if (fd < 0)
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "tls", "try again",
                                 "no second connection: %s", err.text));
    else
        shake_hands(v, ctx, fd);
    if (fd >= 0)
        close(fd);
    SSL_CTX_free(ctx);
}

void fw_check_certificates(struct fw_visit *v)
{
    const char *paths[] = {v->config.tls.cert, v->config.tls.client_ca};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        FILE *f = paths[i][0] ? fopen(paths[i], "re") : NULL;
        X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

        if (f)
            fclose(f);
        if (cert)
            fw_visit_add(v, fw_judge_certificate(paths[i], days_left(cert)));
        else if (paths[i][0])
            fw_visit_add(v, fw_found(FW_FOUND_FAIL, "certificate",
                                     "a PEM file that flywheeld may read",
                                     "%s holds no certificate", paths[i]));
        X509_free(cert);
    }
}
