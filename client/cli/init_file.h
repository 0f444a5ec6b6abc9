/* init_file.h - first parameters from a safetensors file.
 *
 * Layer: client/cli.  Thread: the main one.  Zero-initialise; close is safe
 * twice and on zero. */
#ifndef FW_CLI_INIT_FILE_H
#define FW_CLI_INIT_FILE_H

#include "sdk/wire/job_spec.h"

struct fw_init_file {
    struct fw_tensor_list tensors; /* owned; in the order of the file's data */
    float *values;                 /* owned; all of them, flat */
    uint64_t n;                    /* in `values` */
};

/* Read all tensors of a file but an optimizer's.  FW_CORRUPT, FW_NOT_FOUND,
 * FW_IO name the file; DTYPE_UNSUPPORTED names a tensor that is not F32. */
FW_MUST_USE fw_status fw_init_file_open(struct fw_init_file *f,
                                        const char *path, struct fw_err *err);
void fw_init_file_close(struct fw_init_file *f);

#endif
