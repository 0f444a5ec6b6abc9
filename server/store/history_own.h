/* history_own.h - the history's inside, for the files of this noun.
 *
 * Layer: server/store. */
#ifndef FW_STORE_HISTORY_OWN_H
#define FW_STORE_HISTORY_OWN_H

#include <pthread.h>

#include "server/store/history_db.h"

/* A row on its way. */
struct fw_history_parcel {
    struct fw_history_parcel *next;
    struct fw_history_row row;
};

struct fw_history {
    /* set at init */
    char path[FW_PATH_MAX]; /* of the database */
    uint32_t queue;         /* rows that may wait */
    int64_t keep_ms;        /* what is older goes */
    uint64_t max_bytes;     /* in the database */
    int64_t prune_ms;       /* between two looks at what is too old */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;  /* there is a row, or no more will come */
    pthread_cond_t idle;  /* nothing waits and nothing is being written */
    struct fw_history_parcel *first; /* owned */
    struct fw_history_parcel **tail; /* where the next one is hung */
    bool is_writing;
    bool shut;
    struct fw_history_state state;

    /* the history's thread */
    struct fw_history_db db;
    int64_t newest_ms;     /* of the rows */
    int64_t next_prune_ms; /* by the rows' time */
};

/* A connection of a reader's own; the caller closes it, also on failure.
 * HISTORY_UNAVAILABLE. */
FW_MUST_USE fw_status fw_history_reader(const struct fw_history *h,
                                        sqlite3 **db, struct fw_err *err);

/* HISTORY_UNAVAILABLE, with what the connection tells of. */
FW_MUST_USE fw_status fw_history_unreadable(sqlite3 *db, struct fw_err *err);

#endif
