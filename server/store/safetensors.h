/* safetensors.h - named tensors in a file, strictly.
 *
 * The format: a little-endian u64 N, N bytes of JSON (name -> dtype, shape,
 * data_offsets; "__metadata__": texts), then the bytes of all tensors without
 * a hole.  The reader refuses everything else: a file is data from outside.
 * flywheel keeps floats as F32 and adds a checksum of the whole file as a text.
 *
 * Layer: server/store.  Thread: its owner's. */
#ifndef FW_STORE_SAFETENSORS_H
#define FW_STORE_SAFETENSORS_H

#include "sdk/wire/job_spec.h"
#include "server/job/params.h"
#include "server/store/disk.h"

#define FW_SAFETENSORS_HEADER_MAX (16u << 20) /* bytes of JSON */

/* Texts of this key hold 16 hex digits: xxh3 of the file with zeros there. */
#define FW_SAFETENSORS_SUM "flywheel.xxh3"

/* Names that start so are no parameters. */
#define FW_SAFETENSORS_OPTIMIZER "optimizer."

/* A flat vector of floats that may lie in pieces.  `at` returns where element
 * `i` lies and lowers *n to how many elements lie together there. */
struct fw_floats {
    float *(*at)(void *user, uint64_t i, uint64_t *n);
    void *user; /* lent */
};

/* A vector in one piece. */
struct fw_floats fw_floats_flat(float *x);

/* A vector in the blocks of a version or of a gather. */
struct fw_floats fw_floats_blocks(struct fw_block *const *blocks);

struct fw_safetensors_entry {
    char *name;      /* owned */
    bool f32;        /* the only dtype that can be loaded */
    uint32_t rank;   /* axes */
    uint64_t *shape; /* owned; `rank` of them */
    uint64_t begin;  /* first byte, in the data */
    uint64_t end;    /* behind the last byte */
};

/* What a header says.  Zero is valid and closed. */
struct fw_safetensors {
    struct fw_safetensors_entry *items; /* owned; by name */
    uint32_t n;                         /* in `items` */
    struct json_t *texts;               /* ref; "__metadata__" or NULL */
};

/* Read a header of `n` bytes for `data_bytes` of data.  FW_CORRUPT says what is
 * wrong. */
FW_MUST_USE fw_status fw_safetensors_parse(const uint8_t *header, size_t n,
                                           uint64_t data_bytes,
                                           struct fw_safetensors *out,
                                           struct fw_err *err);
void fw_safetensors_close(struct fw_safetensors *s);

/* A text of "__metadata__"; NULL if there is none.  Lent. */
const char *fw_safetensors_text(const struct fw_safetensors *s,
                                const char *key);

/* A file that is open for reading. */
struct fw_safetensors_file {
    const struct fw_disk *disk; /* lent */
    int fd;                     /* owned if `header` is there */
    char path[FW_PATH_MAX];     /* for explanations */
    uint8_t *header;            /* owned; the length and the JSON */
    uint64_t data_at;           /* offset of the data; size of `header` */
    uint64_t data_bytes;        /* to the end of the file */
    struct fw_safetensors table;
};

/* Open and parse.  `flags` are added to open(2)'s, as O_NOFOLLOW.  FW_CORRUPT,
 * FW_NOT_FOUND, FW_IO, FW_NOMEM; then `f` is closed and zero. */
FW_MUST_USE fw_status fw_safetensors_open(struct fw_safetensors_file *f,
                                          const struct fw_disk *disk,
                                          const char *path, int flags,
                                          struct fw_err *err);
void fw_safetensors_file_close(struct fw_safetensors_file *f);

/* Read the whole file and compare its checksum; FW_CORRUPT if it differs or
 * there is none. */
FW_MUST_USE fw_status fw_safetensors_verify(const struct fw_safetensors_file *f,
                                            struct fw_err *err);

/* Read the tensors of a list, each under `prefix` and its name, to `to`.
 * UNKNOWN_TENSOR if one is missing or another has that prefix (without prefix:
 * one that is not the optimizer's), SHAPE_MISMATCH, DTYPE_UNSUPPORTED,
 * NON_FINITE, each naming the file and the tensor. */
FW_MUST_USE fw_status fw_safetensors_load(const struct fw_safetensors_file *f,
                                          const char *prefix,
                                          const struct fw_tensor_list *list,
                                          struct fw_floats to,
                                          struct fw_err *err);

/* Some of the tensors to write: a list, its floats, and what comes before each
 * of its names. */
struct fw_safetensors_part {
    const char *prefix;
    const struct fw_tensor_list *list; /* lent */
    struct fw_floats from;
};

struct fw_safetensors_text {
    const char *key;
    const char *value; /* UTF-8 */
};

struct fw_safetensors_content {
    const struct fw_safetensors_part *parts; /* lent */
    uint32_t n_parts;
    const struct fw_safetensors_text *texts; /* lent */
    uint32_t n_texts;
};

/* Write content and checksum to an empty file; floats go from where they lie.
 * The same content makes the same bytes.  FW_IO, FW_NOMEM. */
FW_MUST_USE fw_status fw_safetensors_write(
    const struct fw_disk *disk, int fd, const char *path,
    const struct fw_safetensors_content *content, struct fw_err *err);

#endif
