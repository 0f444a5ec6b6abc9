#include <math.h>
#include <stdio.h>

#include "client/cli/json.h"
#include "client/cli/show.h"
#include "client/cli/train.h"
#include "sdk/base/words.h"
#include "server/store/checkpoint.h"

void fw_train_find_checkpoint(const struct fw_train *t, char out[FW_PATH_MAX])
{
    struct fw_store store = {
        .disk = fw_disk_real(), .data_dir = t->data, .keep = 1};
    struct fw_checkpoint_file file = {0};
    struct fw_err err;

    out[0] = '\0';
    if (fw_checkpoint_find(&store, t->o->job, &file, &err) == FW_OK)
        snprintf(out, FW_PATH_MAX, "%s", file.file.path);
    fw_checkpoint_file_close(&file);
}

static double speed(const struct fw_train_result *r)
{
    return r->seconds > 0 ? (double)r->last.samples / r->seconds : NAN;
}

static double epochs(const struct fw_train *t, const struct fw_train_result *r)
{
    return (double)r->last.samples / (double)t->epoch_samples;
}

/* The explicit momentum for each number of workers that was seen. */
static json_t *momentum_by_workers(const struct fw_train_result *r)
{
    json_t *out = json_object();
    char key[12];

    for (size_t i = 1; i <= FW_TRAIN_WORKERS_MAX; i++) {
        if (!isfinite(r->momentum[i]))
            continue;
        snprintf(key, sizeof(key), "%zu", i);
        json_object_set_new(out, key, fw_json_real(r->momentum[i]));
    }
    return out;
}

static json_t *as_json(const struct fw_train *t,
                       const struct fw_train_result *r)
{
    const struct fw_job_status *j = &r->last;
    json_t *out =
        json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I}",
                  "validation_accuracy", fw_json_real(j->loss.accuracy),
                  "validation_loss", fw_json_real(j->loss.validation),
                  "training_loss", fw_json_real(j->loss.training), "epochs",
                  fw_json_real(epochs(t, r)), "samples", (json_int_t)j->samples,
                  "seconds", fw_json_real(r->seconds), "samples_per_second",
                  fw_json_real(speed(r)), "versions", (json_int_t)j->version);

    json_object_set_new(out, "staleness_mean", fw_json_real(r->staleness_full));
    json_object_set_new(out, "momentum", fw_json_real(r->momentum_full));
    json_object_set_new(out, "learning_rate",
                        fw_json_real(r->learning_rate_full));
    json_object_set_new(out, "momentum_by_workers", momentum_by_workers(r));
    json_object_set_new(out, "reference_momentum",
                        fw_json_real(t->o->spec.momentum));
    json_object_set_new(out, "law", json_string(t->o->spec.law));
    json_object_set_new(out, "schedule", json_string(t->schedule));
    json_object_set_new(out, "model", json_string(t->o->task.model));
    json_object_set_new(out, "data", json_string(t->o->task.data));
    json_object_set_new(out, "workers", json_integer((json_int_t)t->n_workers));
    json_object_set_new(out, "workers_failed", json_integer(r->workers_failed));
    json_object_set_new(out, "job", json_string(t->o->job));
    json_object_set_new(out, "checkpoint",
                        r->checkpoint[0] ? json_string(r->checkpoint)
                                         : json_null());
    json_object_set_new(out, "logs", json_string(t->folder));
    json_object_set_new(out, "target_loss", fw_json_real(t->o->target_loss));
    json_object_set_new(out, "reached", json_boolean(r->reached));
    json_object_set_new(out, "worker_seconds", fw_json_real(j->worker_seconds));
    return out;
}

static void print_table(const struct fw_train *t,
                        const struct fw_train_result *r)
{
    const struct fw_job_status *j = &r->last;
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];

    printf("\n%s on %s, %zu worker%s, law %s\n", t->o->task.model,
           t->o->task.data, t->n_workers, fw_plural(t->n_workers),
           t->o->spec.law);
    printf("  validation accuracy  %s %%\n",
           fw_show_number(a, 100 * j->loss.accuracy, 2));
    printf("  validation loss      %s\n", fw_show_loss(a, j->loss.validation));
    printf("  samples              %llu (%.2f epochs) in %.1f s, %s a second\n",
           (unsigned long long)j->samples, epochs(t, r), r->seconds,
           fw_show_number(a, speed(r), 0));
    printf("  versions             %llu, staleness %s\n",
           (unsigned long long)j->version,
           fw_show_number(a, r->staleness_full, 2));
    printf("  momentum             %s with %u worker%s (reference %s)\n",
           fw_show_number(a, r->momentum_full, 3), r->workers_full,
           fw_plural(r->workers_full),
           fw_show_number(b, t->o->spec.momentum, 3));
    for (size_t i = 1; i <= FW_TRAIN_WORKERS_MAX; i++) {
        if (isfinite(r->momentum[i]))
            printf("    %3zu at work        %s\n", i,
                   fw_show_number(a, r->momentum[i], 3));
    }
    printf("  checkpoint           %s\n",
           r->checkpoint[0] ? r->checkpoint : "none");
    printf("  logs                 %s/*.log\n", t->folder);
}

int fw_train_summary(const struct fw_train *t, const struct fw_train_result *r)
{
    if (t->o->json)
        return fw_json_print(as_json(t, r));
    print_table(t, r);
    return FW_CLI_OK;
}
