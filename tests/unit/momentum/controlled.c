#include "controlled.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cluster.h"

struct fw_controller controlled;
uint64_t controlled_version;

void controlled_open(struct fw_controller_config g)
{
    controlled_version = 0;
    g.reference_momentum =
        g.reference_momentum != 0 ? g.reference_momentum : .9;
    g.reference_rate = 0.01;
    g.policy = FW_STEP_KEEP_EFFECTIVE;
    assert_int_equal(fw_controller_init(&controlled, &g, 0), FW_OK);
}

int controlled_shut(void **state)
{
    (void)state;
    fw_controller_close(&controlled);
    return 0;
}

/* One by one from `from` to `to` workers. */
void controlled_resize(uint32_t from, uint32_t to, int64_t now_ms)
{
    while (from != to) {
        char who[16];

        if (from < to)
            snprintf(who, sizeof(who), "w%u", from++);
        else
            snprintf(who, sizeof(who), "w%u", --from);
        fw_controller_members(&controlled, from,
                              from <= to ? FW_MEMBER_JOINED : FW_MEMBER_LEFT,
                              who, controlled_version, now_ms);
    }
}

/* `n` gradients of a cluster; the loss is `loss`. */
void controlled_train(const struct cluster *cluster, uint32_t n, double loss,
                      int64_t now_ms)
{
    static uint32_t taus[FW_STALENESS_WINDOW];

    cluster_trace(cluster, taus, n);
    for (uint32_t i = 0; i < n; i++)
        fw_controller_observe(
            &controlled,
            &(struct fw_observation){.version = ++controlled_version,
                                     .staleness = taus[i],
                                     .loss = loss},
            now_ms);
}

/* Late in training: no beginning is made allowance for. */
void controlled_probe(double h, int64_t now_ms)
{
    fw_controller_curvature(&controlled, h, controlled_version + 100000,
                            now_ms);
}

/* Run the twin if one is due. */
bool controlled_twin(int64_t now_ms)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;

    if (!fw_controller_take_twin(&controlled, now_ms, &in))
        return false;
    fw_twin_run(&in, &out);
    assert_true(out.ok);
    fw_controller_give_twin(&controlled, &out, controlled_version, now_ms);
    return true;
}

const char *controlled_sentence(void)
{
    return fw_decision_log_last(&controlled.log)->sentence;
}
