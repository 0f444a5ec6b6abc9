#include "client/cli/job_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sdk/base/mem.h"

#define LINES_MAX 256 /* a longer file is not ours */

bool fw_job_file_knows(const char *key)
{
    static const char *const keys[] = {"model",
                                       "data",
                                       "sampling",
                                       "batch",
                                       "seed",
                                       "workers",
                                       "epochs",
                                       "wire",
                                       "init",
                                       "tensors",
                                       "target-loss",
                                       "evaluate-every",
                                       "momentum",
                                       "learning-rate",
                                       "law",
                                       "step-policy",
                                       "allow-negative-momentum",
                                       "floor",
                                       "nesterov",
                                       "l2",
                                       "weight-decay",
                                       "clip-norm",
                                       "schedule",
                                       "warmup",
                                       "max-workers",
                                       "max-staleness",
                                       "buffer-bytes",
                                       "lease-ms",
                                       "memory-bytes",
                                       "bytes-per-second",
                                       "gradients-per-second",
                                       "probe-interval",
                                       "groups",
                                       "buffer",
                                       "straggler-deadline"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

void fw_job_file_close(struct fw_job_file *f)
{
    for (size_t i = 0; f->lines && i < f->n; i++) {
        free(f->lines[i].key);
        free(f->lines[i].value);
    }
    free(f->lines);
    *f = (struct fw_job_file){0};
}

/* One more scalar: a key, or the value of the last one. */
static fw_status take_scalar(struct fw_job_file *f, const yaml_event_t *e,
                             struct fw_err *err)
{
    char *text = strdup((const char *)e->data.scalar.value);
    struct fw_job_line *last = f->lines && f->n ? &f->lines[f->n - 1] : NULL;

    if (!text)
        return fw_err_set(err, FW_NOMEM, "no memory to read it");
    if (last && !last->value) {
        last->value = text;
        return FW_OK;
    }
    if (!f->lines || f->n == LINES_MAX) {
        free(text);
        return fw_err_set(err, FW_INVALID, "more than %d options", LINES_MAX);
    }
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->lines[i].key, text) != 0)
            continue;
        free(text);
        return fw_err_set(err, FW_INVALID, "line %zu: %s stands there twice",
                          e->start_mark.line + 1, f->lines[i].key);
    }
    f->lines[f->n++] = (struct fw_job_line){
        .key = text, .line = (unsigned)e->start_mark.line + 1};
    return FW_OK;
}

/* Depth 1 is the one mapping there may be. */
static fw_status take_event(struct fw_job_file *f, const yaml_event_t *e,
                            int *depth, struct fw_err *err)
{
    switch (e->type) {
    case YAML_MAPPING_START_EVENT:
        if (++*depth > 1)
            break;
        return FW_OK;
    case YAML_MAPPING_END_EVENT:
        --*depth;
        return FW_OK;
    case YAML_SCALAR_EVENT:
        if (*depth == 1)
            return take_scalar(f, e, err);
        if (e->data.scalar.length == 0)
            return FW_OK; /* an empty file */
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    default:
        return FW_OK;
    }
    return fw_err_set(err, FW_INVALID,
                      "line %zu: a job file is one `option: value` a line",
                      e->start_mark.line + 1);
}

static fw_status parse(FILE *in, struct fw_job_file *f, struct fw_err *err)
{
    yaml_parser_t parser;
    yaml_event_t event;
    fw_status s = FW_OK;
    bool done = false;
    int depth = 0;

    if (!yaml_parser_initialize(&parser))
        return fw_err_set(err, FW_NOMEM, "no memory to read it");
    yaml_parser_set_input_file(&parser, in);
    while (s == FW_OK && !done) {
        if (!yaml_parser_parse(&parser, &event)) {
            s = fw_err_set(err, FW_INVALID, "line %zu: %s",
                           parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "not YAML");
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        s = take_event(f, &event, &depth, err);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return s;
}

fw_status fw_job_file_load(const char *path, struct fw_job_file *f,
                           struct fw_err *err)
{
    FILE *in = fopen(path, "re");
    fw_status s;

    *f = (struct fw_job_file){0};
    if (!in)
        return fw_err_set(err, errno == ENOENT ? FW_NOT_FOUND : FW_IO,
                          "cannot open %s: %s", path, strerrordesc_np(errno));
    f->lines = fw_mem_array(LINES_MAX, sizeof(*f->lines));
    s = f->lines ? parse(in, f, err)
                 : fw_err_set(err, FW_NOMEM, "no memory to read it");
    fclose(in);
    if (s == FW_OK)
        return s;
    fw_job_file_close(f);
    return fw_err_wrap(err, s, "%s", path);
}
