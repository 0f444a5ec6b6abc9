#include "server/rpc/access.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <grpc/slice.h>

#include "sdk/base/log.h"
#include "sdk/wire/reason.h"

#define BEARER "Bearer "

/* Under the lock, or before anybody else knows of `a`. */
static fw_status load(struct fw_access *a, const struct stat *seen,
                      struct fw_err *err)
{
    struct fw_tokens fresh;
    fw_status s = fw_tokens_load(a->path, &fresh, err);

    a->on = true;
    a->changed = seen->st_mtim;
    a->broken = s != FW_OK;
    fw_tokens_close(&a->tokens);
    if (s == FW_OK)
        a->tokens = fresh;
    return s;
}

fw_status fw_access_open(struct fw_access *a, const char *path,
                         struct fw_err *err)
{
    struct stat seen;
    fw_status s = FW_OK;

    *a = (struct fw_access){0};
    snprintf(a->path, sizeof(a->path), "%s", path);
    pthread_mutex_init(&a->lock, NULL);
    if (stat(path, &seen) == 0)
        s = load(a, &seen, err);
    if (s != FW_OK)
        fw_access_close(a);
    return s;
}

void fw_access_close(struct fw_access *a)
{
    fw_tokens_close(&a->tokens);
    pthread_mutex_destroy(&a->lock);
}

void fw_access_refresh(struct fw_access *a)
{
    struct stat seen;
    struct fw_err err = {0};
    bool there = stat(a->path, &seen) == 0;

    pthread_mutex_lock(&a->lock);
    if (!there && a->on && a->tokens.n) {
        /* A file that was taken away opens no door. */
        fw_tokens_close(&a->tokens);
        a->changed = (struct timespec){0};
        fw_log(FW_LOG_WARN, "tokens_gone", "file=%s", a->path);
    } else if (there && (!a->on || seen.st_mtim.tv_sec != a->changed.tv_sec ||
                         seen.st_mtim.tv_nsec != a->changed.tv_nsec)) {
        if (load(a, &seen, &err) == FW_OK)
            fw_log(FW_LOG_INFO, "tokens_read", "tokens=%zu", a->tokens.n);
        else
            fw_log(FW_LOG_ERROR, "tokens_broken", "error=\"%s\"", err.text);
    }
    pthread_mutex_unlock(&a->lock);
}

/* What stands behind "authorization: Bearer "; empty if there is nothing. */
static grpc_slice find_token(const grpc_metadata_array *metadata)
{
    for (size_t i = 0; i < metadata->count; i++) {
        const grpc_metadata *m = &metadata->metadata[i];
        size_t n = GRPC_SLICE_LENGTH(m->value);

        if (grpc_slice_str_cmp(m->key, "authorization") == 0 &&
            n > sizeof(BEARER) - 1 &&
            memcmp(GRPC_SLICE_START_PTR(m->value), BEARER,
                   sizeof(BEARER) - 1) == 0)
            return grpc_slice_sub_no_ref(m->value, sizeof(BEARER) - 1, n);
    }
    return grpc_empty_slice();
}

fw_status fw_access_check(struct fw_access *a,
                          const grpc_metadata_array *metadata, unsigned roles,
                          struct fw_principal *out, struct fw_err *err)
{
    grpc_slice text = find_token(metadata);
    const struct fw_token *t;
    fw_status s = FW_OK;

    *out = (struct fw_principal){0};
    if (roles & FW_ROLE_OPEN)
        return FW_OK;
    pthread_mutex_lock(&a->lock);
    t = fw_tokens_find(&a->tokens, (const char *)GRPC_SLICE_START_PTR(text),
                       GRPC_SLICE_LENGTH(text));
    if (!a->on) {
        s = FW_OK;
    } else if (!t) {
        s = FW_REFUSE(err, UNAUTHENTICATED, "%s",
                      GRPC_SLICE_LENGTH(text)
                          ? "the token is not known here, or was revoked"
                          : "this server wants a token; give it with "
                            "--token-file or $FLYWHEEL_TOKEN_FILE");
    } else if (!(t->role & roles)) {
        s = FW_REFUSE(err, PERMISSION_DENIED,
                      "a %s may not do this; ask for a token of another role",
                      fw_role_name(t->role));
    } else {
        memcpy(out->id, t->id, sizeof(out->id));
        memcpy(out->job, t->job, sizeof(out->job));
    }
    pthread_mutex_unlock(&a->lock);
    return s;
}

fw_status fw_access_job(const struct fw_principal *p, const char *job,
                        struct fw_err *err)
{
    if (!p->job[0] || strcmp(p->job, job) == 0)
        return FW_OK;
    return FW_REFUSE(err, PERMISSION_DENIED,
                     "the token is for job '%s' only, not for '%s'", p->job,
                     job);
}
