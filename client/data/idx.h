/* idx.h - MNIST's file format: big-endian header, then bytes.
 *
 * A folder holds {train,t10k}-images-idx3-ubyte and -labels-idx1-ubyte, each
 * with or without .gz.  The train pair is taken if there is one, else t10k.
 *
 * Layer: client/data.  Thread: one.  What is loaded is the caller's. */
#ifndef FW_DATA_IDX_H
#define FW_DATA_IDX_H

#include "client/data/dataset.h"

/* As fw_dataset_load. */
FW_MUST_USE fw_status fw_idx_load(struct fw_dataset *d, const char *dir,
                                  struct fw_err *err);

#endif
