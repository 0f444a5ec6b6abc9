#include "client/cli/history_chart.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/lab/draw.h"

#define NAME_BYTES 128

static void name_run(const struct fw_history_series *s, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "%s, run %" PRIu64, s->job, s->run);
}

static struct fw_draw_line line_of(const struct fw_history_series *s,
                                   const char *name)
{
    return (struct fw_draw_line){
        .name = name,
        .x = fw_history_column(s, FW_HISTORY_VERSION),
        .y = fw_history_high(s, FW_SERIES_loss),
        .n = s->n,
    };
}

static fw_status write_file(const char *path, const struct fw_bytes *text,
                            struct fw_err *err)
{
    FILE *f = fopen(path, "w");
    bool ok;

    if (!f)
        return fw_err_set(err, FW_IO, "cannot write %s: %s", path,
                          strerror(errno));
    ok = fwrite(text->data, 1, text->n, f) == text->n;
    ok = fclose(f) == 0 && ok;
    return ok ? FW_OK : fw_err_set(err, FW_IO, "cannot write all of %s", path);
}

fw_status fw_history_chart(const char *path,
                           const struct fw_history_series *one,
                           const struct fw_history_series *other,
                           struct fw_err *err)
{
    char names[2][NAME_BYTES] = {"", ""};
    struct fw_draw_line lines[2];
    struct fw_chart chart = {.title = "Training loss",
                             .x_name = "version",
                             .y_name = "loss",
                             .log_y = true,
                             .level = NAN,
                             .lines = lines,
                             .n_lines = other ? 2 : 1};
    struct fw_bytes out = {0};
    fw_status s;

    name_run(one, names[0]);
    lines[0] = line_of(one, names[0]);
    if (other) {
        name_run(other, names[1]);
        lines[1] = line_of(other, names[1]);
    }
    s = fw_draw_chart(&chart, &out);
    if (s == FW_OK)
        s = write_file(path, &out, err);
    else
        (void)fw_err_set(err, s, "no memory to draw");
    fw_bytes_close(&out);
    return s;
}
