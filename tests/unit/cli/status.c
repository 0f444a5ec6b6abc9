#include "tests/unit/cli/status.h"

#include <math.h>
#include <stdio.h>

#include "sdk/base/mem.h"

static void name_job(struct fw_job_status *j, const char *name,
                     uint32_t workers, double loss)
{
    snprintf(j->name, sizeof(j->name), "%s", name);
    j->state = workers ? FW_JOB_TRAINING : FW_JOB_WAITING;
    j->workers = workers;
    j->loss = (struct fw_loss_status){
        .training = loss, .validation = NAN, .accuracy = NAN};
    j->momentum.momentum = 0.4;
    j->momentum.target = 0.9;
    j->momentum.total_measured = NAN;
    j->momentum.law = FW_LAW_MARGIN;
}

static void begin(struct fw_status_response *r, uint32_t n)
{
    *r = (struct fw_status_response){.server = {.version = "9.8.7"}};
    r->jobs = fw_mem_array(n, sizeof(*r->jobs));
    r->n_jobs = r->jobs ? n : 0;
    r->server.jobs = r->n_jobs;
}

void fill_jobs(struct fw_status_response *r)
{
    begin(r, 3);
    if (r->n_jobs < 3)
        return;
    name_job(&r->jobs[0], "beta", 7, NAN);
    name_job(&r->jobs[1], "alpha", 2, 0.5);
    name_job(&r->jobs[2], "gamma", 0, 0.1);
}

void fill_alpha(struct fw_status_response *r, uint64_t version)
{
    static const char *const names[] = {"steady", "slow", "gone"};
    struct fw_job_status *j;

    begin(r, 1);
    if (r->n_jobs < 1)
        return;
    j = &r->jobs[0];
    name_job(j, "alpha", 2, 0.5);
    j->version = version;
    j->gradients_per_second = 100.0;
    j->staleness.mean = 1.0;
    j->staleness.samples = 10;
    j->staleness.n_histogram = 3;
    j->staleness.histogram[1] = 10;
    snprintf(j->momentum.sentence, sizeof(j->momentum.sentence),
             "Worker slow joined: momentum 0.9 to 0.4.");
    j->worker = fw_mem_array(3, sizeof(*j->worker));
    j->n_workers = j->worker ? 3 : 0;
    for (uint32_t i = 0; i < j->n_workers; i++) {
        struct fw_worker_status *w = &j->worker[i];

        snprintf(w->name, sizeof(w->name), "%s", names[i]);
        w->state = i == 2 ? FW_WORKER_LOST : FW_WORKER_CONNECTED;
        w->gradients_per_second = i == 0 ? 90.0 : 10.0;
        w->staleness_mean = 1.0;
        w->gradients = 1000;
    }
}
