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

    return s == FW_OK || s == FW_NOMEM
               ? s
               : fw_err_wrap(err, FW_INVALID, "%s", path);
}

static fw_status read_all(const struct fw_tls_config *paths, struct files *f,
                          struct fw_err *err)
{
    fw_status s = read_one(paths->cert, &f->cert, err);

    if (s == FW_OK)
        s = read_one(paths->key, &f->key, err);
    if (s == FW_OK)
        s = read_one(paths->client_ca, &f->ca, err);
    return s;
}

static grpc_ssl_server_certificate_config *make_config(
    const struct fw_tls_config *paths, struct fw_err *err)
{
    grpc_ssl_server_certificate_config *config = NULL;
    struct files f = {0};

    if (read_all(paths, &f, err) == FW_OK) {
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

/* For lanes; it also proves that the files serve before gRPC is given them. */
static fw_status make_side(const struct fw_tls_config *paths,
                           struct fw_tls_side **out, struct fw_err *err)
{
    struct files f = {0};
    fw_status s = read_all(paths, &f, err);

    if (s == FW_OK) {
        struct fw_tls_pem pem = {(const char *)f.cert.data,
                                 (const char *)f.key.data,
                                 (const char *)f.ca.data};

        s = fw_tls_side_open(FW_TLS_SERVER, &pem, out, err);
        if (s != FW_OK)
            s = fw_err_wrap(err, FW_INVALID, "%s, %s and %s", paths->cert,
                            paths->key,
                            paths->client_ca[0] ? paths->client_ca : "no CA");
    }
    close_files(&f);
    return s;
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
    struct fw_tls_side *side;
    fw_status s = make_side(files, &side, err);

    *tls = (struct fw_tls){0};
    if (s != FW_OK)
        return s;
    *tls = (struct fw_tls){.files = *files, .wanted = 1, .side = side};
    pthread_mutex_init(&tls->lock, NULL);
    *out = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            ask, fetch, tls));
    if (*out)
        return FW_OK;
    fw_tls_close(tls);
    return fw_err_set(err, FW_IO,
                      "the certificate %s and its key %s do not serve",
                      files->cert, files->key);
}

fw_status fw_tls_pipe(struct fw_tls *tls, struct fw_pipe *p, int fd)
{
    struct fw_tls_side *side;
    fw_status s;

    pthread_mutex_lock(&tls->lock);
    side = fw_tls_side_ref(tls->side);
    pthread_mutex_unlock(&tls->lock);
    s = fw_pipe_tls(p, fd, side, NULL);
    fw_tls_side_unref(side);
    return s;
}

void fw_tls_close(struct fw_tls *tls)
{
    if (!tls->side)
        return;
    fw_tls_side_unref(tls->side);
    pthread_mutex_destroy(&tls->lock);
    *tls = (struct fw_tls){0};
}

void fw_tls_reload(struct fw_tls *tls)
{
    struct fw_tls_side *fresh;
    struct fw_tls_side *old;
    struct fw_err err = {0};

    if (!tls->files.cert[0])
        return;
    if (make_side(&tls->files, &fresh, &err) != FW_OK) {
        fw_log(FW_LOG_ERROR, "certificate_not_read", "error=\"%s\"", err.text);
        return;
    }
    pthread_mutex_lock(&tls->lock);
    old = tls->side;
    tls->side = fresh;
    pthread_mutex_unlock(&tls->lock);
    fw_tls_side_unref(old);
    __atomic_add_fetch(&tls->wanted, 1, __ATOMIC_RELEASE);
}
