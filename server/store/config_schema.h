/* config_schema.h - what a configuration file may say, for libcyaml.
 *
 * Every member is a pointer: NULL where the file said nothing.  Numbers and
 * flags are texts: libcyaml would take 10s for 10 and off for true.
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
    char *interval_s;
    char *steps;
    char *keep;
};

struct fw_limits_section {
    char *max_jobs;
    char *max_connections;
    char *max_per_peer;
    char *wave_mb_per_second;
    char *max_watchers;
    char *job_memory_mb;
    char *job_mb_per_second;
    char *job_gradients_per_second;
    char *handshake_ms;
    char *first_call_ms;
    char *progress_ms;
    char *progress_bytes;
    char *unread_ms;
    char *read_mb_per_second;
    char *idle_ms;
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
    char *enabled;
    char *interval_ms;
    char *keep_days;
    char *max_mb;
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
