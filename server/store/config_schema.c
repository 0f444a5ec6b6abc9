#include "server/store/config_schema.h"

static const cyaml_strval_t LEVELS[] = {
    {"debug", FW_LOG_DEBUG},
    {"info", FW_LOG_INFO},
    {"warn", FW_LOG_WARN},
    {"error", FW_LOG_ERROR},
};

static const cyaml_strval_t MODES[] = {
    {"0600", FW_MODE_OWNER},
    {"0660", FW_MODE_GROUP},
};

#define SCALAR_MAX 64 /* characters of a number or a flag */

#define SCALAR_FIELD(name, section)                                            \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,    \
                           struct section, name, 0, SCALAR_MAX)

static const cyaml_schema_field_t CHECKPOINT[] = {
    SCALAR_FIELD(interval_s, fw_checkpoint_section),
    SCALAR_FIELD(steps, fw_checkpoint_section),
    SCALAR_FIELD(keep, fw_checkpoint_section),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t LIMITS[] = {
    SCALAR_FIELD(max_jobs, fw_limits_section),
    SCALAR_FIELD(max_connections, fw_limits_section),
    SCALAR_FIELD(max_per_peer, fw_limits_section),
    SCALAR_FIELD(wave_mb_per_second, fw_limits_section),
    SCALAR_FIELD(max_watchers, fw_limits_section),
    SCALAR_FIELD(job_memory_mb, fw_limits_section),
    SCALAR_FIELD(job_mb_per_second, fw_limits_section),
    SCALAR_FIELD(job_gradients_per_second, fw_limits_section),
    SCALAR_FIELD(handshake_ms, fw_limits_section),
    SCALAR_FIELD(first_call_ms, fw_limits_section),
    SCALAR_FIELD(progress_ms, fw_limits_section),
    SCALAR_FIELD(progress_bytes, fw_limits_section),
    SCALAR_FIELD(unread_ms, fw_limits_section),
    SCALAR_FIELD(read_mb_per_second, fw_limits_section),
    SCALAR_FIELD(idle_ms, fw_limits_section),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t HOST = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, FW_ADDRESS_MAX - 1),
};

static const cyaml_schema_field_t ADMIN[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct fw_admin_section, listen, 1,
                           FW_ADDRESS_MAX - 1),
    CYAML_FIELD_STRING_PTR(
        "token_file", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
        struct fw_admin_section, token_file, 1, FW_PATH_MAX - 1),
    CYAML_FIELD_SEQUENCE("hosts", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct fw_admin_section, hosts, &HOST, 0,
                         FW_HOSTS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t HISTORY[] = {
    SCALAR_FIELD(enabled, fw_history_section),
    SCALAR_FIELD(interval_ms, fw_history_section),
    SCALAR_FIELD(keep_days, fw_history_section),
    SCALAR_FIELD(max_mb, fw_history_section),
    CYAML_FIELD_END,
};

#define PATH_FIELD(name, section, member)                                      \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,     \
                           struct section, member, 1, FW_PATH_MAX - 1)

static const cyaml_schema_field_t TLS[] = {
    PATH_FIELD("cert", fw_tls_section, cert),
    PATH_FIELD("key", fw_tls_section, key),
    PATH_FIELD("client_ca", fw_tls_section, client_ca),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t LOCAL[] = {
    PATH_FIELD("path", fw_local_section, path),
    CYAML_FIELD_ENUM_PTR(
        "mode", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | CYAML_FLAG_STRICT,
        struct fw_local_section, mode, MODES, sizeof(MODES) / sizeof(MODES[0])),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t AUTH[] = {
    PATH_FIELD("tokens", fw_auth_section, tokens),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t FIELDS[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct fw_document, listen, 1, FW_ADDRESS_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("local", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, local, LOCAL),
    CYAML_FIELD_STRING_PTR("data_dir", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                           struct fw_document, data_dir, 1, FW_PATH_MAX - 1),
    CYAML_FIELD_ENUM_PTR("log_level",
                         CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER |
                             CYAML_FLAG_STRICT,
                         struct fw_document, log_level, LEVELS,
                         sizeof(LEVELS) / sizeof(LEVELS[0])),
    CYAML_FIELD_MAPPING_PTR("checkpoint",
                            CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, checkpoint, CHECKPOINT),
    CYAML_FIELD_MAPPING_PTR("limits", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, limits, LIMITS),
    CYAML_FIELD_MAPPING_PTR("admin", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, admin, ADMIN),
    CYAML_FIELD_MAPPING_PTR("history", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, history, HISTORY),
    CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, tls, TLS),
    CYAML_FIELD_MAPPING_PTR("auth", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                            struct fw_document, auth, AUTH),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t fw_document_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct fw_document, FIELDS),
};
