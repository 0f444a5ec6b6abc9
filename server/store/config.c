#include "server/store/config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/file.h"

#define FILE_MAX        (1u << 20) /* bytes; a larger file is not ours */
#define INTERVAL_MAX_S  86400      /* a day */
#define KEEP_MAX        1000
#define CONNECTIONS_MAX 1000000
#define JOBS_MAX        10000
#define COMPLAINT       256 /* bytes of libcyaml's message */

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

struct tls_section {
    char *cert;
    char *key;
    char *client_ca;
};

struct auth_section {
    char *tokens;
};

struct document {
    char *listen;
    char *data_dir;
    enum fw_log_level *log_level;
    struct checkpoint_section *checkpoint;
    struct limits_section *limits;
    struct admin_section *admin;
    struct tls_section *tls;
    struct auth_section *auth;
};

/* The first complaint of libcyaml, and the line it was at. */
struct complaint {
    char text[COMPLAINT];
    char key[COMPLAINT]; /* of the field it is about; empty: none told */
    unsigned line;       /* 0: not known */
};

/* libcyaml first says what is wrong, then a backtrace, innermost first. */
static void hear(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct complaint *c = ctx;
    char text[COMPLAINT];
    const char *line;
    const char *key;

    (void)level;
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\n")] = '\0';
    line = strstr(text, "(line: ");
    if (line && !c->line)
        c->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
    key = strstr(text, "field '");
    if (key && !c->key[0])
        snprintf(c->key, sizeof(c->key),
                 "%.*s: ", (int)strcspn(key + strlen("field '"), "'"),
                 key + strlen("field '"));
    if (!c->text[0])
        snprintf(c->text, sizeof(c->text), "%s",
                 strncmp(text, "Load: ", strlen("Load: ")) == 0
                     ? text + strlen("Load: ")
                     : text);
}

/* The number of the first line, from line `from` on, that has this key. */
static unsigned line_of_key(const char *text, const char *key, unsigned from)
{
    unsigned number = 1;
    size_t n = strlen(key);

    for (const char *line = text; line; number++) {
        const char *next = strchr(line, '\n');
        const char *word = line + strspn(line, " \t{,'\"");

        if (number >= from && strncmp(word, key, n) == 0 &&
            strchr(" \t:'\"", word[n]))
            return number;
        line = next ? next + 1 : NULL;
    }
    return 0;
}

/* libcyaml tells the line of the value before an unknown or doubled key. */
static unsigned complaint_line(const struct complaint *c, const char *text)
{
    static const struct {
        const char *start;
        unsigned after; /* lines behind the one told where the key may be */
    } keyed[] = {{"Unexpected key: ", 0}, {"Mapping field already seen: ", 1}};

    for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
        size_t n = strlen(keyed[i].start);
        unsigned line;

        if (strncmp(c->text, keyed[i].start, n) != 0)
            continue;
        line = line_of_key(text, c->text + n, c->line + keyed[i].after);
        if (line)
            return line;
    }
    return c->line;
}

static const cyaml_strval_t LEVELS[] = {
    {"debug", FW_LOG_DEBUG},
    {"info", FW_LOG_INFO},
    {"warn", FW_LOG_WARN},
    {"error", FW_LOG_ERROR},
};

static const cyaml_schema_field_t CHECKPOINT[] = {
    CYAML_FIELD_UINT_PTR("interval_s", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct checkpoint_section, interval_s),
    CYAML_FIELD_UINT_PTR("steps", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct checkpoint_section, steps),
    CYAML_FIELD_UINT_PTR("keep", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct checkpoint_section, keep),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t LIMITS[] = {
    CYAML_FIELD_UINT_PTR("max_jobs", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct limits_section, max_jobs),
    CYAML_FIELD_UINT_PTR("max_connections",
                         CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct limits_section, max_connections),
    CYAML_FIELD_UINT_PTR("max_per_peer",
                         CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct limits_section, max_per_peer),
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

#define PATH_FIELD(name, section, member)                                      \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,     \
                           struct section, member, 1, FW_PATH_MAX - 1)

static const cyaml_schema_field_t TLS[] = {
    PATH_FIELD("cert", tls_section, cert),
    PATH_FIELD("key", tls_section, key),
    PATH_FIELD("client_ca", tls_section, client_ca),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t AUTH[] = {
    PATH_FIELD("tokens", auth_section, tokens),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t FIELDS[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct document, listen, 1, FW_ADDRESS_MAX - 1),
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
        .log_level = FW_LOG_INFO,
        .checkpoint_interval_s = 30,
        .checkpoint_steps = 1000,
        .checkpoint_keep = 3,
        .max_jobs = 64,
        .max_connections = 10000,
        .max_per_peer = 512,
        .admin = {.listen = "127.0.0.1:7071"},
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
                              line_of_key(text, x->key, 1), x->key, *x->from,
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
                          line_of_key(text, "tls", 1));
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
    const struct checkpoint_section *checkpoint =
        d->checkpoint ? d->checkpoint : &no_checkpoint;
    const struct limits_section *limits = d->limits ? d->limits : &no_limits;
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
    };

    if (d->listen && !strchr(d->listen, ':'))
        return fw_err_set(err, FW_INVALID, "line %u: listen is host:port",
                          line_of_key(text, "listen", 1));
    if (d->listen)
        snprintf(c->listen, sizeof(c->listen), "%s", d->listen);
    if (d->data_dir)
        snprintf(c->data_dir, sizeof(c->data_dir), "%s", d->data_dir);
    if (d->log_level)
        c->log_level = *d->log_level;
    if (d->admin)
        take_admin(d->admin, &c->admin);
    if (take_security(d, text, c, err) != FW_OK)
        return FW_INVALID;
    return take_numbers(numbers, sizeof(numbers) / sizeof(numbers[0]), text,
                        err);
}

static fw_status parse(const struct fw_bytes *text, struct fw_server_config *c,
                       struct fw_err *err)
{
    struct complaint heard = {0};
    const cyaml_config_t config = {
        .log_fn = hear,
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
                          complaint_line(&heard, (const char *)text->data),
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
