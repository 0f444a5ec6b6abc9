#include "server/rpc/answers.h"

#include <stdio.h>
#include <string.h>

fw_status fw_answers_init(struct fw_answers *a)
{
    memset(a, 0, sizeof(*a));
    return pthread_mutex_init(&a->lock, NULL) ? FW_NOMEM : FW_OK;
}

void fw_answers_close(struct fw_answers *a)
{
    for (unsigned i = 0; i < FW_ANSWERS_KEPT; i++)
        fw_bytes_close(&a->ring[i].bytes);
    pthread_mutex_destroy(&a->lock);
}

bool fw_answers_find(struct fw_answers *a, const char *path, const char *id,
                     struct fw_bytes *out)
{
    bool found = false;

    pthread_mutex_lock(&a->lock);
    for (unsigned i = 0; i < FW_ANSWERS_KEPT && !found; i++) {
        const struct fw_answer *r = &a->ring[i];

        found = r->path == path && strcmp(r->id, id) == 0 &&
                fw_bytes_append(out, r->bytes.data, r->bytes.n) == FW_OK;
    }
    pthread_mutex_unlock(&a->lock);
    return found;
}

void fw_answers_keep(struct fw_answers *a, const char *path, const char *id,
                     const struct fw_bytes *bytes)
{
    struct fw_answer *r;

    pthread_mutex_lock(&a->lock);
    r = &a->ring[a->next];
    r->path = NULL;
    r->bytes.n = 0;
    if (fw_bytes_append(&r->bytes, bytes->data, bytes->n) == FW_OK) {
        r->path = path;
        snprintf(r->id, sizeof(r->id), "%s", id);
        a->next = (a->next + 1) % FW_ANSWERS_KEPT;
    }
    pthread_mutex_unlock(&a->lock);
}
