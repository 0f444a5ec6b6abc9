#include "server/http/exposition.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static void put(struct fw_exposition *e, const char *text)
{
    if (fw_bytes_printf(&e->out, "%s", text) != FW_OK)
        e->failed = true;
}

/* The suffix that counters have in all samples, and in 0.0.4 as a family. */
static const char *ending(const struct fw_exposition *e, bool of_family)
{
    bool counts = e->type == FW_METRIC_COUNTER;

    return counts && !(of_family && e->open) ? "_total" : "";
}

void fw_exposition_family(struct fw_exposition *e, const char *name,
                          enum fw_metric_type type, const char *help)
{
    static const char *const types[] = {"gauge", "counter", "histogram"};

    e->name = name;
    e->type = type;
    if (fw_bytes_printf(&e->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name,
                        ending(e, true), help, name, ending(e, true),
                        types[type]) != FW_OK)
        e->failed = true;
}

void fw_exposition_sample(struct fw_exposition *e, const char *suffix,
                          const char *labels, double value)
{
    bool has = labels[0] != '\0';

    if (isnan(value))
        return;
    put(e, e->name);
    put(e, ending(e, false));
    put(e, suffix);
    if (has && fw_bytes_printf(&e->out, "{%s}", labels) != FW_OK)
        e->failed = true;
    if (isinf(value))
        put(e, value > 0.0 ? " +Inf\n" : " -Inf\n");
    else if (fw_bytes_printf(&e->out, " %.17g\n", value) != FW_OK)
        e->failed = true;
}

struct fw_body *fw_exposition_end(struct fw_exposition *e)
{
    if (e->open)
        put(e, "# EOF\n");
    if (!e->failed)
        return fw_body_take(&e->out);
    fw_bytes_close(&e->out);
    return NULL;
}
