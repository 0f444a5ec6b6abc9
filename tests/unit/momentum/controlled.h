/* controlled.h - a controller under test and what is done to it.
 *
 * Layer: tests.  Thread: the test's. */
#ifndef FW_TESTS_CONTROLLED_H
#define FW_TESTS_CONTROLLED_H

#include "cluster.h"
#include "server/momentum/controller.h"

extern struct fw_controller controlled; /* one test opens it at a time */
extern uint64_t controlled_version;     /* of its model */

/* mu* = 0.9 unless given, alpha* = 0.01, the effective step is kept. */
void controlled_open(struct fw_controller_config g);
int controlled_shut(void **state);

/* One by one from `from` to `to` workers. */
void controlled_resize(uint32_t from, uint32_t to, int64_t now_ms);

/* `n` gradients of a cluster, all with this loss. */
void controlled_train(const struct cluster *cluster, uint32_t n, double loss,
                      int64_t now_ms);

/* A gradient with a curvature probe. */
void controlled_probe(double h, int64_t now_ms);

/* Run the twin if one is due. */
bool controlled_twin(int64_t now_ms);

/* The last decision's. */
const char *controlled_sentence(void);

#endif
