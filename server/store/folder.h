/* folder.h - the names in a folder, and what they say.
 *
 * Layer: server/store.  Thread: its owner's. */
#ifndef FW_STORE_FOLDER_H
#define FW_STORE_FOLDER_H

#include "server/store/disk.h"

/* Names by alphabet.  Zero is valid and closed. */
struct fw_folder {
    char **names;    /* owned, each too */
    size_t n;        /* in `names` */
    size_t capacity; /* of `names` */
};

/* FW_NOT_FOUND if there is no such folder. */
FW_MUST_USE fw_status fw_folder_list(const struct fw_disk *d, const char *path,
                                     struct fw_folder *out, struct fw_err *err);
void fw_folder_close(struct fw_folder *f);

/* True, and *version, for "checkpoint-VERSION.safetensors". */
bool fw_folder_checkpoint(const char *name, uint64_t *version);

bool fw_folder_ends(const char *name, const char *with);

#endif
