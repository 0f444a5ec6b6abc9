/* cifar10.h - CIFAR-10's binary version: 32 x 32 colour images, 10 classes.
 *
 * A record is a label byte and three planes of 1,024 bytes; here the planes
 * are woven together (channel fastest), as the networks want them.
 *
 * Layer: client/data.  Thread: one.  What is loaded is the caller's. */
#ifndef FW_DATA_CIFAR10_H
#define FW_DATA_CIFAR10_H

#include "client/data/dataset.h"

/* `where` is a folder with data_batch_1.bin to data_batch_5.bin (any of them),
 * or files with commas between them.  As fw_dataset_load. */
FW_MUST_USE fw_status fw_cifar10_load(struct fw_dataset *d, const char *where,
                                      struct fw_err *err);

#endif
