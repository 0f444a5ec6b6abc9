#include "server/store/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/file.h"
#include "server/store/config_complaint.h"
#include "server/store/config_scalar.h"
#include "server/store/config_schema.h"

#define MIB             (1ull << 20)
#define FILE_MAX        (1u << 20) /* bytes; a larger file is not ours */
#define INTERVAL_MAX_S  86400      /* a day */
#define KEEP_MAX        1000
#define CONNECTIONS_MAX 1000000
#define JOBS_MAX        10000
#define INTERVAL_MIN_MS 100
#define DEADLINE_MIN_MS 100 /* the look at connections is no finer */
#define HOUR_MS         3600000
#define DAY_MS          86400000
#define KEEP_MAX_DAYS   36500

void fw_server_config_default(struct fw_server_config *c)
{
    const char *data = getenv("FLYWHEEL_DATA");

    *c = (struct fw_server_config){
        .listen = "127.0.0.1:7070",
        .local = {.mode = FW_MODE_OWNER},
        .log_level = FW_LOG_INFO,
        .checkpoint_interval_s = 30,
        .checkpoint_steps = 1000,
        .checkpoint_keep = 3,
        .max_jobs = 64,
        .max_connections = 12000,
        .max_per_peer = 512,
        .wave_mb_per_second = 400,
        .max_watchers = 256,
        .deadlines = {.handshake_ms = 3000,
                      .first_call_ms = 5000,
                      .progress_ms = 10000,
                      .progress_bytes = 10240,
                      .unread_ms = 30000,
                      .read_mb_per_second = 1,
                      .idle_ms = 20000},
        .admin = {.listen = "127.0.0.1:7071"},
        .history = {.enabled = true,
                    .interval_ms = 1000,
                    .keep_days = 30,
                    .max_mb = 512},
    };
    snprintf(c->data_dir, sizeof(c->data_dir), "%s",
             data && data[0] ? data : "./flywheel-data");
}

static void take_admin(const struct fw_admin_section *from,
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

static fw_status take_local(const struct fw_local_section *from,
                            const char *text, struct fw_server_config *c,
                            struct fw_err *err)
{
    if (from->mode)
        c->local.mode = *from->mode;
    if (!from->path || fw_server_config_local(c, from->path, err) == FW_OK)
        return FW_OK;
    return fw_err_wrap(err, FW_INVALID, "line %u",
                       fw_line_of_path(text, "local.path"));
}

static void take_path(char to[FW_PATH_MAX], const char *from)
{
    if (from)
        snprintf(to, FW_PATH_MAX, "%s", from);
}

static fw_status take_security(const struct fw_document *d, const char *text,
                               struct fw_server_config *c, struct fw_err *err)
{
    if (d->auth)
        take_path(c->tokens, d->auth->tokens);
    if (!d->tls)
        return FW_OK;
    if (!d->tls->cert || !d->tls->key)
        return fw_err_set(err, FW_INVALID, "line %u: tls wants cert and key",
                          fw_line_of_path(text, "tls"));
    take_path(c->tls.cert, d->tls->cert);
    take_path(c->tls.key, d->tls->key);
    take_path(c->tls.client_ca, d->tls->client_ca);
    return FW_OK;
}

static fw_status take_deadlines(const struct fw_limits_section *from,
                                const char *text, struct fw_deadlines *to,
                                struct fw_err *err)
{
    const struct fw_number numbers[] = {
        {"limits.handshake_ms", from->handshake_ms, DEADLINE_MIN_MS, HOUR_MS,
         &to->handshake_ms},
        {"limits.first_call_ms", from->first_call_ms, DEADLINE_MIN_MS, HOUR_MS,
         &to->first_call_ms},
        {"limits.progress_ms", from->progress_ms, DEADLINE_MIN_MS, HOUR_MS,
         &to->progress_ms},
        {"limits.progress_bytes", from->progress_bytes, 1, UINT32_MAX,
         &to->progress_bytes},
        {"limits.unread_ms", from->unread_ms, DEADLINE_MIN_MS, HOUR_MS,
         &to->unread_ms},
        {"limits.read_mb_per_second", from->read_mb_per_second, 0, UINT32_MAX,
         &to->read_mb_per_second},
        {"limits.idle_ms", from->idle_ms, DEADLINE_MIN_MS, DAY_MS,
         &to->idle_ms},
    };

    return fw_numbers_take(numbers, sizeof(numbers) / sizeof(numbers[0]), text,
                           err);
}

/* What a job may use. */
static fw_status take_caps(const struct fw_limits_section *from,
                           const char *text, struct fw_quota_spec *to,
                           struct fw_err *err)
{
    uint32_t memory_mb = 0;
    uint32_t mb_per_second = 0;
    uint32_t gradients = 0;
    const struct fw_number numbers[] = {
        {"limits.job_memory_mb", from->job_memory_mb, 0, UINT32_MAX,
         &memory_mb},
        {"limits.job_mb_per_second", from->job_mb_per_second, 0, UINT32_MAX,
         &mb_per_second},
        {"limits.job_gradients_per_second", from->job_gradients_per_second, 0,
         UINT32_MAX, &gradients},
    };
    fw_status s = fw_numbers_take(numbers, sizeof(numbers) / sizeof(numbers[0]),
                                  text, err);

    *to =
        (struct fw_quota_spec){MIB * memory_mb, MIB * mb_per_second, gradients};
    return s;
}

static fw_status take_document(const struct fw_document *d, const char *text,
                               struct fw_server_config *c, struct fw_err *err)
{
    static const struct fw_checkpoint_section no_checkpoint = {NULL, NULL,
                                                               NULL};
    static const struct fw_limits_section no_limits = {NULL};
    static const struct fw_history_section no_history = {NULL, NULL, NULL,
                                                         NULL};
    const struct fw_checkpoint_section *checkpoint =
        d->checkpoint ? d->checkpoint : &no_checkpoint;
    const struct fw_limits_section *limits = d->limits ? d->limits : &no_limits;
    const struct fw_history_section *history =
        d->history ? d->history : &no_history;
    const struct fw_number numbers[] = {
        {"checkpoint.interval_s", checkpoint->interval_s, 0, INTERVAL_MAX_S,
         &c->checkpoint_interval_s},
        {"checkpoint.steps", checkpoint->steps, 0, UINT32_MAX,
         &c->checkpoint_steps},
        {"checkpoint.keep", checkpoint->keep, 1, KEEP_MAX, &c->checkpoint_keep},
        {"limits.max_jobs", limits->max_jobs, 1, JOBS_MAX, &c->max_jobs},
        {"limits.max_connections", limits->max_connections, 1, CONNECTIONS_MAX,
         &c->max_connections},
        {"limits.max_per_peer", limits->max_per_peer, 1, CONNECTIONS_MAX,
         &c->max_per_peer},
        {"limits.wave_mb_per_second", limits->wave_mb_per_second, 0, UINT32_MAX,
         &c->wave_mb_per_second},
        {"limits.max_watchers", limits->max_watchers, 1, CONNECTIONS_MAX,
         &c->max_watchers},
        {"history.interval_ms", history->interval_ms, INTERVAL_MIN_MS, HOUR_MS,
         &c->history.interval_ms},
        {"history.keep_days", history->keep_days, 1, KEEP_MAX_DAYS,
         &c->history.keep_days},
        {"history.max_mb", history->max_mb, 1, UINT32_MAX, &c->history.max_mb},
    };

    if (d->listen && !strchr(d->listen, ':') && strcmp(d->listen, "off") != 0)
        return fw_err_set(err, FW_INVALID,
                          "line %u: listen is host:port or off",
                          fw_line_of_path(text, "listen"));
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
    if (fw_flag_take("history.enabled", history->enabled, text,
                     &c->history.enabled, err) != FW_OK)
        return FW_INVALID;
    if (take_security(d, text, c, err) != FW_OK)
        return FW_INVALID;
    if (take_caps(limits, text, &c->caps, err) != FW_OK)
        return FW_INVALID;
    if (take_deadlines(limits, text, &c->deadlines, err) != FW_OK)
        return FW_INVALID;
    return fw_numbers_take(numbers, sizeof(numbers) / sizeof(numbers[0]), text,
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
    struct fw_document *document = NULL;
    cyaml_err_t e =
        cyaml_load_data(text->data, text->n, &config, &fw_document_schema,
                        (cyaml_data_t **)&document, NULL);
    fw_status s = FW_OK;

    if (e == CYAML_ERR_OOM)
        return fw_err_set(err, FW_NOMEM, "no memory to parse it");
    if (e != CYAML_OK)
        return fw_complaint_explain(&heard, &fw_document_schema, e,
                                    (const char *)text->data, err);
    if (document)
        s = take_document(document, (const char *)text->data, c, err);
    cyaml_free(&config, &fw_document_schema, document, 0);
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
