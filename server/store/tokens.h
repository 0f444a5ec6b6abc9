/* tokens.h - who may call: bearer tokens, hashed at rest.
 *
 * A token is fw1_ID_SECRET: 8 hexadecimal digits that name it and 64 that only
 * its owner has.  The file keeps, a line each,
 *
 *     ID ROLE JOB SHA-256-OF-THE-TOKEN UNIX-TIME
 *
 * with "*" for every job.  256 random bits need no slow hash.
 *
 * Layer: server/store.  Thread: one at a time.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_STORE_TOKENS_H
#define FW_STORE_TOKENS_H

#include "sdk/wire/messages.h"

#define FW_TOKEN_ID_MAX   8
#define FW_TOKEN_TEXT_MAX (4 + FW_TOKEN_ID_MAX + 1 + 64)
#define FW_TOKEN_HASH     32u

/* What a token may do; bits, so that a method can name several. */
enum fw_role {
    FW_ROLE_WORKER = 1,   /* join, pull, push, report */
    FW_ROLE_VIEWER = 2,   /* read status */
    FW_ROLE_OPERATOR = 4, /* and create jobs, steer them, save them */
    FW_ROLE_ADMIN = 8,    /* and delete and restore them */
    FW_ROLE_OPEN = 16,    /* of a method: no token is asked for */
};

struct fw_token {
    char id[FW_TOKEN_ID_MAX + 1];
    enum fw_role role;
    char job[FW_NAME_MAX + 1]; /* the only one; empty: any */
    uint8_t hash[FW_TOKEN_HASH];
    int64_t created_s; /* Unix time */
};

struct fw_tokens {
    struct fw_token *items; /* owned */
    size_t n;
};

/* "worker"; FW_INVALID names what there is. */
FW_MUST_USE fw_status fw_role_parse(const char *text, enum fw_role *out,
                                    struct fw_err *err);
const char *fw_role_name(enum fw_role role);

/* FW_NOT_FOUND: there is no such file; FW_CORRUPT names the line; FW_IO,
 * FW_NOMEM.  On failure *t is closed. */
FW_MUST_USE fw_status fw_tokens_load(const char *path, struct fw_tokens *t,
                                     struct fw_err *err);
void fw_tokens_close(struct fw_tokens *t);

/* A new token is added; `text` is what its owner gets, and nobody else ever.
 * `job` empty: any. */
FW_MUST_USE fw_status fw_tokens_add(struct fw_tokens *t, enum fw_role role,
                                    const char *job, int64_t now_s,
                                    char text[FW_TOKEN_TEXT_MAX + 1],
                                    struct fw_err *err);

/* Take one out; false: there is none with that id. */
bool fw_tokens_remove(struct fw_tokens *t, const char *id);

/* Replace the file, readable by its owner only. */
FW_MUST_USE fw_status fw_tokens_save(const char *path,
                                     const struct fw_tokens *t,
                                     struct fw_err *err);

/* The one that `text` is, or NULL.  Hashes are compared in constant time. */
const struct fw_token *fw_tokens_find(const struct fw_tokens *t,
                                      const char *text, size_t n);

#endif
