#include "server/store/config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/file.h"
#include "server/store/config_complaint.h"

#define FILE_MAX        (1u << 20) /* bytes; a larger file is not ours */
#define INTERVAL_MAX_S  86400      /* a day */
#define KEEP_MAX        1000
#define CONNECTIONS_MAX 1000000
#define JOBS_MAX        10000
#define INTERVAL_MIN_MS 100
#define HOUR_MS         3600000
#define KEEP_MAX_DAYS   36500

/* What a socket's file may be. */
enum socket_mode { MODE_OWNER = 0600, MODE_GROUP = 0660 };

/* What the file said; NULL where it said nothing. */
struct checkpoint_section {
    uint32_t *interval_s;
    uint32_t *steps;
    uint32_t *keep;
};

struct limits_section {
    uint32_t *max_jobs;
    uint32_t *max_connections;
    uint32_t *max_per_peer;
};

struct admin_section {
    char *listen;
    char *token_file;
    char **hosts;
    unsigned hosts_count;
};

struct local_section {
    char *path;
    enum socket_mode *mode;
};

struct tls_section {
    char *cert;
    char *key;
    char *client_ca;
};

struct auth_section {
    char *tokens;
};

struct history_section {
    bool *enabled;
    uint32_t *interval_ms;
    uint32_t *keep_days;
    uint32_t *max_mb;
};

struct document {
    char *listen;
    struct local_section *local;
    char *data_dir;
    enum fw_log_level *log_level;
    struct checkpoint_section *checkpoint;
    struct limits_section *limits;
    struct admin_section *admin;
    struct history_section *history;
    struct tls_section *tls;
    struct auth_section *auth;
};

static const cyaml_strval_t LEVELS[] = {
    {"debug", FW_LOG_DEBUG},
    {"info", FW_LOG_INFO},
    {"warn", FW_LOG_WARN},
    {"error", FW_LOG_ERROR},
};

static const cyaml_strval_t MODES[] = {
    {"0600", MODE_OWNER},
    {"0660", MODE_GROUP},
};

#define COUNT_FIELD(name, section)                                             \
    CYAML_FIELD_UINT_PTR(#name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,      \
                         struct section, name)

static const cyaml_schema_field_t CHECKPOINT[] = {
    COUNT_FIELD(interval_s, checkpoint_section),
    COUNT_FIELD(steps, checkpoint_section),
    COUNT_FIELD(keep, checkpoint_section),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t LIMITS[] = {
    COUNT_FIELD(max_jobs, limits_section),
    COUNT_FIELD(max_connections, limits_section),
    COUNT_FIELD(max_per_peer, limits_section),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t HOST = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, FW_ADDRESS_MAX - 1),
};

static const cyaml_schema_field_t ADMIN[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct admin_section, listen, 1, FW_ADDRESS_MAX - 1),
    CYAML_FIELD_STRING_PTR(
        "token_file", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
        struct admin_section, token_file, 1, FW_PATH_MAX - 1),
    CYAML_FIELD_SEQUENCE("hosts", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct admin_section, hosts, &HOST, 0, FW_HOSTS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t HISTORY[] = {
    CYAML_FIELD_BOOL_PTR("enabled", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct history_section, enabled),
    COUNT_FIELD(interval_ms, history_section),
    COUNT_FIELD(keep_days, history_section),
    COUNT_FIELD(max_mb, history_section),
    CYAML_FIELD_END,
};

#define PATH_FIELD(name, section, member)                                      \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,     \
                           struct section, member, 1, FW_PATH_MAX - 1)

static const cyaml_schema_field_t TLS[] = {
    PATH_FIELD("cert", tls_section, cert),
    PATH_FIELD("key", tls_section, key),
    PATH_FIELD("client_ca", tls_section, client_ca),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t LOCAL[] = {
    PATH_FIELD("path", local_section, path),
    CYAML_FIELD_ENUM_PTR(
        "mode", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | CYAML_FLAG_STRICT,
        struct local_section, mode, MODES, sizeof(MODES) / sizeof(MODES[0])),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t AUTH[] = {
    PATH_FIELD("tokens", auth_section, tokens),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t FIELDS[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct document, listen, 1, FW_ADDRESS_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("local", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, local, LOCAL),
    CYAML_FIELD_STRING_PTR("data_dir", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct document, data_dir, 1, FW_PATH_MAX - 1),
    CYAML_FIELD_ENUM_PTR(
        "log_level",
        CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | CYAML_FLAG_STRICT,
        struct document, log_level, LEVELS, sizeof(LEVELS) / sizeof(LEVELS[0])),
    CYAML_FIELD_MAPPING_PTR("checkpoint",
                            CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, checkpoint, CHECKPOINT),
    CYAML_FIELD_MAPPING_PTR("limits", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, limits, LIMITS),
    CYAML_FIELD_MAPPING_PTR("admin", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, admin, ADMIN),
    CYAML_FIELD_MAPPING_PTR("history", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, history, HISTORY),
    CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, tls, TLS),
    CYAML_FIELD_MAPPING_PTR("auth", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct document, auth, AUTH),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t DOCUMENT = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, FIELDS),
};

void fw_server_config_default(struct fw_server_config *c)
{
    const char *data = getenv("FLYWHEEL_DATA");

    *c = (struct fw_server_config){
        .listen = "127.0.0.1:7070",
        .local = {.mode = MODE_OWNER},
        .log_level = FW_LOG_INFO,
        .checkpoint_interval_s = 30,
        .checkpoint_steps = 1000,
        .checkpoint_keep = 3,
        .max_jobs = 64,
        .max_connections = 10000,
        .max_per_peer = 512,
        .admin = {.listen = "127.0.0.1:7071"},
        .history = {.enabled = true,
                    .interval_ms = 1000,
                    .keep_days = 30,
                    .max_mb = 512},
    };
    snprintf(c->data_dir, sizeof(c->data_dir), "%s",
             data && data[0] ? data : "./flywheel-data");
}

/* A number within its limits, which are told together with its line. */
struct number {
    const char *key;
    const uint32_t *from; /* NULL: not in the file */
    uint32_t low;
    uint32_t high;
    uint32_t *to;
};

static fw_status take_numbers(const struct number *numbers, size_t n,
                              const char *text, struct fw_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct number *x = &numbers[i];

        if (!x->from)
            continue;
        if (*x->from < x->low || *x->from > x->high)
            return fw_err_set(err, FW_INVALID,
                              "line %u: %s is %u, not in %u to %u",
                              fw_line_of_key(text, x->key, 1), x->key, *x->from,
                              x->low, x->high);
        *x->to = *x->from;
    }
    return FW_OK;
}

static void take_admin(const struct admin_section *from,
                       struct fw_admin_config *to)
{
    if (from->listen)
        snprintf(to->listen, sizeof(to->listen), "%s", from->listen);
    if (from->token_file)
        snprintf(to->token_file, sizeof(to->token_file), "%s",
                 from->token_file);
    for (to->n_hosts = 0; to->n_hosts < from->hosts_count; to->n_hosts++)
        snprintf(to->hosts[to->n_hosts], FW_ADDRESS_MAX, "%s",
                 from->hosts[to->n_hosts]);
}

fw_status fw_server_config_local(struct fw_server_config *c, const char *path,
                                 struct fw_err *err)
{
    if (path[0] != '/' || strlen(path) >= sizeof(c->local.path))
        return fw_err_set(err, FW_INVALID,
                          "a socket's path begins with / and has at most %zu "
                          "bytes",
                          sizeof(c->local.path) - 1);
    snprintf(c->local.path, sizeof(c->local.path), "%s", path);
    return FW_OK;
}

static fw_status take_local(const struct local_section *from, const char *text,
                            struct fw_server_config *c, struct fw_err *err)
{
    if (from->mode)
        c->local.mode = *from->mode;
    if (!from->path || fw_server_config_local(c, from->path, err) == FW_OK)
        return FW_OK;
    return fw_err_wrap(err, FW_INVALID, "line %u",
                       fw_line_of_key(text, "path", 1));
}

static void take_path(char to[FW_PATH_MAX], const char *from)
{
    if (from)
        snprintf(to, FW_PATH_MAX, "%s", from);
}

static fw_status take_security(const struct document *d, const char *text,
                               struct fw_server_config *c, struct fw_err *err)
{
    if (d->auth)
        take_path(c->tokens, d->auth->tokens);
    if (!d->tls)
        return FW_OK;
    if (!d->tls->cert || !d->tls->key)
        return fw_err_set(err, FW_INVALID, "line %u: tls wants cert and key",
                          fw_line_of_key(text, "tls", 1));
    take_path(c->tls.cert, d->tls->cert);
    take_path(c->tls.key, d->tls->key);
    take_path(c->tls.client_ca, d->tls->client_ca);
    return FW_OK;
}

static fw_status take_document(const struct document *d, const char *text,
                               struct fw_server_config *c, struct fw_err *err)
{
    static const struct checkpoint_section no_checkpoint = {NULL, NULL, NULL};
    static const struct limits_section no_limits = {NULL};
    static const struct history_section no_history = {NULL, NULL, NULL, NULL};
    const struct checkpoint_section *checkpoint =
        d->checkpoint ? d->checkpoint : &no_checkpoint;
    const struct limits_section *limits = d->limits ? d->limits : &no_limits;
    const struct history_section *history =
        d->history ? d->history : &no_history;
    const struct number numbers[] = {
        {"interval_s", checkpoint->interval_s, 0, INTERVAL_MAX_S,
         &c->checkpoint_interval_s},
        {"steps", checkpoint->steps, 0, UINT32_MAX, &c->checkpoint_steps},
        {"keep", checkpoint->keep, 1, KEEP_MAX, &c->checkpoint_keep},
        {"max_jobs", limits->max_jobs, 1, JOBS_MAX, &c->max_jobs},
        {"max_connections", limits->max_connections, 1, CONNECTIONS_MAX,
         &c->max_connections},
        {"max_per_peer", limits->max_per_peer, 1, CONNECTIONS_MAX,
         &c->max_per_peer},
        {"interval_ms", history->interval_ms, INTERVAL_MIN_MS, HOUR_MS,
         &c->history.interval_ms},
        {"keep_days", history->keep_days, 1, KEEP_MAX_DAYS,
         &c->history.keep_days},
        {"max_mb", history->max_mb, 1, UINT32_MAX, &c->history.max_mb},
    };

    if (d->listen && !strchr(d->listen, ':') && strcmp(d->listen, "off") != 0)
        return fw_err_set(err, FW_INVALID,
                          "line %u: listen is host:port or off",
                          fw_line_of_key(text, "listen", 1));
    if (d->local && take_local(d->local, text, c, err) != FW_OK)
        return FW_INVALID;
    if (d->listen)
        snprintf(c->listen, sizeof(c->listen), "%s", d->listen);
    if (d->data_dir)
        snprintf(c->data_dir, sizeof(c->data_dir), "%s", d->data_dir);
    if (d->log_level)
        c->log_level = *d->log_level;
    if (d->admin)
        take_admin(d->admin, &c->admin);
    if (history->enabled)
        c->history.enabled = *history->enabled;
    if (take_security(d, text, c, err) != FW_OK)
        return FW_INVALID;
    return take_numbers(numbers, sizeof(numbers) / sizeof(numbers[0]), text,
                        err);
}

static fw_status parse(const struct fw_bytes *text, struct fw_server_config *c,
                       struct fw_err *err)
{
    struct fw_complaint heard = {0};
    const cyaml_config_t config = {
        .log_fn = fw_complaint_hear,
        .log_ctx = &heard,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    struct document *document = NULL;
    cyaml_err_t e = cyaml_load_data(text->data, text->n, &config, &DOCUMENT,
                                    (cyaml_data_t **)&document, NULL);
    fw_status s = FW_OK;

    if (e == CYAML_ERR_OOM)
        return fw_err_set(err, FW_NOMEM, "no memory to parse it");
    if (e != CYAML_OK)
        return fw_err_set(err, FW_INVALID, "line %u: %s%s",
                          fw_complaint_line(&heard, (const char *)text->data),
                          heard.key,
                          heard.text[0] ? heard.text : cyaml_strerror(e));
    if (document)
        s = take_document(document, (const char *)text->data, c, err);
    cyaml_free(&config, &DOCUMENT, document, 0);
    return s;
}

fw_status fw_server_config_load(struct fw_server_config *c, const char *path,
                                struct fw_err *err)
{
    struct fw_bytes text = {0};
    fw_status s;

    fw_server_config_default(c);
    if (!path)
        return FW_OK;
    s = fw_file_read(path, FILE_MAX, &text, err);
    if (s == FW_OK)
        s = parse(&text, c, err);
    fw_bytes_close(&text);
    if (s == FW_OK)
        return s;
    fw_server_config_default(c);
    return fw_err_wrap(err, s, "%s", path);
}
