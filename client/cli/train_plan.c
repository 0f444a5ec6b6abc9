#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/train.h"

#define EPOCHS                                                                 \
    6.0                   /* enough for the MNIST family, and all workers      \
                             have their part */
#define FINAL_RATE "0.05" /* of the first, at the end of the cosine */

/* The path without links and dots; false: it is not there, or too long. */
static bool resolve(const char *path, char out[FW_PATH_MAX])
{
    char *full = realpath(path, NULL);
    bool ok = full && strlen(full) < FW_PATH_MAX - FW_TRAIN_PATH_ROOM;

    if (ok)
        memcpy(out, full, strlen(full) + 1);
    free(full);
    return ok;
}

static fw_status make_folder(const char *path, struct fw_err *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return FW_OK;
    return fw_err_set(err, FW_IO, "cannot make the folder %s: %m", path);
}

/* Everything of a run lies in one folder; by default a new one. */
static fw_status plan_folder(struct fw_train *t, struct fw_err *err)
{
    char name[FW_PATH_MAX / 4];
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    fw_status s;

    if (t->o->folder) {
        snprintf(name, sizeof(name), "%s", t->o->folder);
    } else {
        localtime_r(&now, &tm);
        strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
        snprintf(name, sizeof(name), "flywheel-demo-%s-%d", stamp,
                 (int)getpid());
    }
    s = make_folder(name, err);
    if (s != FW_OK)
        return s;
    if (!resolve(name, t->folder))
        return fw_err_set(err, FW_IO, "cannot use the folder %s", name);
    snprintf(t->data, sizeof(t->data), "%.*s/data",
             FW_PATH_MAX - FW_TRAIN_PATH_ROOM, t->folder);
    return make_folder(t->data, err);
}

/* flywheeld lies beside flywheel when installed, in ../server when built. */
static fw_status plan_programs(struct fw_train *t, struct fw_err *err)
{
    static const char *const places[] = {"flywheeld", "../server/flywheeld"};
    const char *given = getenv("FLYWHEELD");
    char place[FW_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", t->program, sizeof(t->program) - 1);
    int folder;

    if (n <= 0)
        return fw_err_set(err, FW_IO, "cannot find out where flywheel is: %m");
    t->program[n] = '\0';
    if (given && given[0]) {
        snprintf(t->server_program, sizeof(t->server_program), "%s", given);
        return FW_OK;
    }
    folder = (int)(strrchr(t->program, '/') - t->program);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (snprintf(place, sizeof(place), "%.*s/%s", folder, t->program,
                     places[i]) >= (int)sizeof(place))
            continue;
        if (access(place, X_OK) == 0 && resolve(place, t->server_program))
            return FW_OK;
    }
    snprintf(t->server_program, sizeof(t->server_program), "flywheeld");
    return FW_OK; /* in the search path; else its log will say so */
}

/* Gradients that make one version; what `auto` will choose is not known. */
static double gradients_a_step(const struct fw_train_options *o)
{
    unsigned long groups = strtoul(o->spec.groups, NULL, 10);

    if (o->spec.buffer > 1)
        return (double)o->spec.buffer;
    return groups > 0 && groups < o->workers
               ? (double)o->workers / (double)groups
               : 1.0;
}

/* How many versions make the epochs asked for, less those that are on their way
 * when the last one is reached. */
static fw_status plan_versions(struct fw_train *t, struct fw_err *err)
{
    const struct fw_train_options *o = t->o;
    struct fw_task_options options;
    struct fw_task task = {0};
    double samples;
    fw_status s;

    fw_task_args_apply(&o->task, &options);
    s = fw_task_open(&task, &options, err);
    if (s != FW_OK)
        return s;
    t->epoch_samples = fw_task_epoch(&task);
    fw_task_close(&task);
    t->epochs = o->epochs > 0 ? o->epochs : EPOCHS;
    samples = t->epochs * (double)t->epoch_samples;
    t->versions =
        (uint64_t)(samples / (double)o->task.batch / gradients_a_step(o));
    t->versions -= t->versions > o->workers ? o->workers - 1 : 0;
    if (t->versions == 0)
        t->versions = 1;
    if (o->spec.schedule)
        snprintf(t->schedule, sizeof(t->schedule), "%s", o->spec.schedule);
    else
        snprintf(t->schedule, sizeof(t->schedule), "cosine:%llu:" FINAL_RATE,
                 (unsigned long long)t->versions);
    return FW_OK;
}

fw_status fw_train_plan(struct fw_train *t, struct fw_err *err)
{
    fw_status s = plan_programs(t, err);

    if (s == FW_OK)
        s = plan_versions(t, err);
    return s == FW_OK ? plan_folder(t, err) : s;
}
