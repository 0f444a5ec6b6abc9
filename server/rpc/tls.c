#include "server/rpc/tls.h"

#include <string.h>

#include "sdk/base/file.h"
#include "sdk/base/log.h"

#define FILE_MAX (1u << 20) /* bytes of a certificate or key */

/* Certificate, key and the authority of the clients. */
struct files {
    struct fw_bytes cert;
    struct fw_bytes key;
    struct fw_bytes ca;
};

static void close_files(struct files *f)
{
    if (f->key.data)
        explicit_bzero(f->key.data, f->key.n);
    fw_bytes_close(&f->cert);
    fw_bytes_close(&f->key);
    fw_bytes_close(&f->ca);
}

static fw_status read_one(const char *path, struct fw_bytes *out,
                          struct fw_err *err)
{
    fw_status s = path[0] ? fw_file_read(path, FILE_MAX, out, err) : FW_OK;

    return s == FW_OK ? s : fw_err_wrap(err, FW_IO, "%s", path);
}

static grpc_ssl_server_certificate_config *make_config(
    const struct fw_tls_config *paths, struct fw_err *err)
{
    grpc_ssl_server_certificate_config *config = NULL;
    struct files f = {0};
    fw_status s = read_one(paths->cert, &f.cert, err);

    if (s == FW_OK)
        s = read_one(paths->key, &f.key, err);
    if (s == FW_OK)
        s = read_one(paths->client_ca, &f.ca, err);
    if (s == FW_OK) {
        grpc_ssl_pem_key_cert_pair pair = {(const char *)f.key.data,
                                           (const char *)f.cert.data};

        /* gRPC insists on roots; where no client is asked for a certificate
         * they are not used. */
        config = grpc_ssl_server_certificate_config_create(
            (const char *)(f.ca.data ? f.ca.data : f.cert.data), &pair, 1);
    }
    close_files(&f);
    return config;
}

/* gRPC asks before each handshake. */
static grpc_ssl_certificate_config_reload_status fetch(
    void *user, grpc_ssl_server_certificate_config **config)
{
    struct fw_tls *tls = user;
    uint32_t wanted = __atomic_load_n(&tls->wanted, __ATOMIC_ACQUIRE);
    struct fw_err err = {0};

    if (__atomic_load_n(&tls->loaded, __ATOMIC_RELAXED) == wanted)
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    __atomic_store_n(&tls->loaded, wanted, __ATOMIC_RELAXED);
    *config = make_config(&tls->files, &err);
    if (*config)
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    fw_log(FW_LOG_ERROR, "certificate_not_read", "error=\"%s\"", err.text);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
}

fw_status fw_tls_open(struct fw_tls *tls, const struct fw_tls_config *files,
                      grpc_server_credentials **out, struct fw_err *err)
{
    grpc_ssl_client_certificate_request_type ask =
        files->client_ca[0]
            ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
            : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    grpc_ssl_server_certificate_config *probe;

    *tls = (struct fw_tls){.files = *files, .wanted = 1};
    probe = make_config(files, err);
    if (!probe)
        return FW_IO;
    grpc_ssl_server_certificate_config_destroy(probe);
    *out = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            ask, fetch, tls));
    return *out ? FW_OK
                : fw_err_set(err, FW_IO,
                             "the certificate %s and its key %s do not serve",
                             files->cert, files->key);
}

void fw_tls_reload(struct fw_tls *tls)
{
    grpc_ssl_server_certificate_config *probe;
    struct fw_err err = {0};

    if (!tls->files.cert[0])
        return;
    probe = make_config(&tls->files, &err);
    if (!probe) {
        fw_log(FW_LOG_ERROR, "certificate_not_read", "error=\"%s\"", err.text);
        return;
    }
    grpc_ssl_server_certificate_config_destroy(probe);
    __atomic_add_fetch(&tls->wanted, 1, __ATOMIC_RELEASE);
}
