/* config_schema.h - what a configuration file may say, for libcyaml.
 *
 * Every member is a pointer: NULL where the file said nothing.
 *
 * Layer: server/store.  Thread: the main one.  Plain data, owned by libcyaml.
 */
#ifndef FW_STORE_CONFIG_SCHEMA_H
#define FW_STORE_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "server/store/config.h"

/* What a socket's file may be. */
enum fw_socket_mode { FW_MODE_OWNER = 0600, FW_MODE_GROUP = 0660 };

struct fw_checkpoint_section {
    uint32_t *interval_s;
    uint32_t *steps;
    uint32_t *keep;
};

struct fw_limits_section {
    uint32_t *max_jobs;
    uint32_t *max_connections;
    uint32_t *max_per_peer;
    uint32_t *wave_mb_per_second;
    uint32_t *max_watchers;
    uint32_t *job_memory_mb;
    uint32_t *job_mb_per_second;
    uint32_t *job_gradients_per_second;
    uint32_t *handshake_ms;
    uint32_t *first_call_ms;
    uint32_t *progress_ms;
    uint32_t *progress_bytes;
    uint32_t *unread_ms;
    uint32_t *read_mb_per_second;
    uint32_t *idle_ms;
};

struct fw_admin_section {
    char *listen;
    char *token_file;
    char **hosts;
    unsigned hosts_count;
};

struct fw_local_section {
    char *path;
    enum fw_socket_mode *mode;
};

struct fw_tls_section {
    char *cert;
    char *key;
    char *client_ca;
};

struct fw_auth_section {
    char *tokens;
};

struct fw_history_section {
    bool *enabled;
    uint32_t *interval_ms;
    uint32_t *keep_days;
    uint32_t *max_mb;
};

/* The whole file. */
struct fw_document {
    char *listen;
    struct fw_local_section *local;
    char *data_dir;
    enum fw_log_level *log_level;
    struct fw_checkpoint_section *checkpoint;
    struct fw_limits_section *limits;
    struct fw_admin_section *admin;
    struct fw_history_section *history;
    struct fw_tls_section *tls;
    struct fw_auth_section *auth;
};

extern const cyaml_schema_value_t fw_document_schema;

#endif
