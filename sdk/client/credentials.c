#include "sdk/client/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/slice.h>

#include "sdk/base/file.h"
#include "sdk/wire/tls.h"

#define FILE_MAX  (1u << 20) /* bytes */
#define TOKEN_MAX 512u       /* bytes */

static const char *choose(const char *given, const char *variable)
{
    const char *path = given ? given : getenv(variable);

    return path && path[0] ? path : NULL;
}

static fw_status read_one(const char *path, size_t max, struct fw_bytes *out,
                          struct fw_err *err)
{
    fw_status s = path ? fw_file_read(path, max, out, err) : FW_OK;

    return s == FW_OK ? s : fw_err_wrap(err, s, "%s", path);
}

/* Does the address stay on this machine? */
static bool is_local(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ||
           strncmp(address, "127.", 4) == 0 ||
           strncmp(address, "localhost:", 10) == 0 ||
           strncmp(address, "[::1]:", 6) == 0;
}

/* The same for lanes; what does not serve there may do for gRPC. */
static void open_lane(struct fw_credentials *c, const char *ca,
                      const grpc_ssl_pem_key_cert_pair *pair)
{
    struct fw_tls_pem pem = {.ca = ca};
    struct fw_err why;

    if (pair) {
        pem.cert = pair->cert_chain;
        pem.key = pair->private_key;
    }
    if (fw_tls_side_open(FW_TLS_CLIENT, &pem, &c->lane, &why) != FW_OK)
        c->lane = NULL;
}

static fw_status open_channel(struct fw_credentials *c,
                              const struct fw_credential_files *f,
                              struct fw_err *err)
{
    struct fw_bytes ca = {0};
    struct fw_bytes cert = {0};
    struct fw_bytes key = {0};
    fw_status s = read_one(f->ca, FILE_MAX, &ca, err);

    if (s == FW_OK)
        s = read_one(f->cert, FILE_MAX, &cert, err);
    if (s == FW_OK)
        s = read_one(f->key, FILE_MAX, &key, err);
    if (s == FW_OK && f->ca) {
        grpc_ssl_pem_key_cert_pair pair = {(const char *)key.data,
                                           (const char *)cert.data};

        c->channel = grpc_ssl_credentials_create(
            (const char *)ca.data, f->cert ? &pair : NULL, NULL, NULL);
        c->secure = true;
        open_lane(c, (const char *)ca.data, f->cert ? &pair : NULL);
    } else if (s == FW_OK) {
        c->channel = grpc_insecure_credentials_create();
    }
    if (s == FW_OK && !c->channel)
        s = fw_err_set(err, FW_INVALID, "%s is no certificate in PEM", f->ca);
    if (key.data)
        explicit_bzero(key.data, key.n);
    fw_bytes_close(&ca);
    fw_bytes_close(&cert);
    fw_bytes_close(&key);
    return s;
}

/* "Bearer TOKEN", from a file that may end with a line feed. */
static fw_status open_token(struct fw_credentials *c, const char *path,
                            struct fw_err *err)
{
    struct fw_bytes text = {0};
    char value[TOKEN_MAX + 8];
    fw_status s = read_one(path, TOKEN_MAX, &text, err);
    size_t n;

    if (s == FW_OK) {
        n = strcspn((const char *)text.data, "\r\n \t");
        if (n == 0)
            s = fw_err_set(err, FW_INVALID, "%s holds no token", path);
        snprintf(value, sizeof(value), "Bearer %.*s", (int)n,
                 (const char *)text.data);
    }
    if (s == FW_OK) {
        c->authorization.key = grpc_slice_from_static_string("authorization");
        c->authorization.value = grpc_slice_from_copied_string(value);
        c->n_metadata = 1;
        explicit_bzero(value, sizeof(value));
        explicit_bzero(text.data, text.n);
    }
    fw_bytes_close(&text);
    return s;
}

fw_status fw_credentials_open(struct fw_credentials *c,
                              const struct fw_credential_files *files,
                              const char *address, struct fw_err *err)
{
    static const struct fw_credential_files none = {NULL, NULL, NULL, NULL};
    struct fw_credential_files f = files ? *files : none;
    fw_status s = FW_OK;

    *c = (struct fw_credentials){0};
    f.ca = choose(f.ca, "FLYWHEEL_CA");
    f.cert = choose(f.cert, "FLYWHEEL_CERT");
    f.key = choose(f.key, "FLYWHEEL_KEY");
    f.token = choose(f.token, "FLYWHEEL_TOKEN_FILE");
    if (!f.cert != !f.key)
        s = fw_err_set(err, FW_INVALID,
                       "a client's certificate and its key go together");
    else if (f.cert && !f.ca)
        s = fw_err_set(err, FW_INVALID,
                       "a client's certificate needs the server's authority "
                       "(ca), too");
    else if (f.token && !f.ca && !is_local(address))
        s = fw_err_set(err, FW_INVALID,
                       "the token would go to %s in plain text; give the "
                       "server's authority (ca) for TLS",
                       address);
    if (s == FW_OK)
        s = open_channel(c, &f, err);
    if (s == FW_OK && f.token)
        s = open_token(c, f.token, err);
    if (s != FW_OK)
        fw_credentials_close(c);
    return s;
}

void fw_credentials_close(struct fw_credentials *c)
{
    if (c->channel)
        grpc_channel_credentials_release(c->channel);
    fw_tls_side_unref(c->lane);
    if (c->n_metadata)
        grpc_slice_unref(c->authorization.value);
    *c = (struct fw_credentials){0};
}
