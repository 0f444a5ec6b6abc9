/* saving.h - a checkpoint of one tensor, for simulations of what befalls it.
 *
 * Layer: tests.  Thread: the simulation's. */
#ifndef FW_TESTS_SIM_SAVING_H
#define FW_TESTS_SIM_SAVING_H

#include "server/store/checkpoint.h"

/* Save the n floats of `x` as parameters and momentum; the disk is sound. */
void save_floats(const struct fw_store *store, uint64_t version, float *x,
                 uint64_t n);

#endif
