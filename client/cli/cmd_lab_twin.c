#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/lab_args.h"
#include "client/lab/delays.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"
#include "server/momentum/laws.h"
#include "server/momentum/staleness.h"
#include "server/momentum/twin.h"

#define MOMENTA     "-0.8,-0.5,-0.3,0,0.3,0.5,0.7,0.9"
#define UPDATES_MAX 100000000u
#define BARS        128u
#define REGULAR     0.3 /* as the controller has it */

struct twin_options {
    const char *service;
    uint64_t workers;
    double straggler;
    uint64_t updates;
    const char *momenta;
    double reference;
    uint64_t seed;
};

struct twin_result {
    struct fw_number_list momenta;
    double limits[FW_NUMBERS_MAX];
    struct fw_staleness_summary staleness;
    double bars[BARS]; /* share of gradients */
    size_t n_bars;
    double margin;          /* momentum that the law would choose, floor 0 */
    double margin_negative; /* and if it may be negative */
};

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void summarise(uint32_t *taus, size_t n, struct twin_result *r)
{
    struct fw_staleness_summary *s = &r->staleness;
    double sum = 0.0;
    double squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += taus[i];
        squares += (double)taus[i] * taus[i];
        if (taus[i] < BARS) {
            r->bars[taus[i]] += 1.0 / (double)n;
            if (taus[i] + 1 > r->n_bars)
                r->n_bars = taus[i] + 1;
        }
    }
    s->n = (uint32_t)n;
    s->mean = sum / (double)n;
    squares = fmax(squares / (double)n - s->mean * s->mean, 0.0);
    s->deviation_ratio = s->mean > 0.0 ? sqrt(squares) / s->mean : 0.0;
    qsort(taus, n, sizeof(*taus), compare);
    s->p50 = taus[n / 2];
    s->p95 = taus[n - 1 - n / 20];
    s->p99 = taus[n - 1 - n / 100];
}

/* What law `margin` makes of these delays. */
static fw_status choose(const struct twin_options *o,
                        const struct fw_twin_problem *p, bool negative,
                        double mean, double ratio, double *out)
{
    struct fw_controller_config config = {.law = FW_LAW_MARGIN,
                                          .reference_momentum = o->reference,
                                          .reference_rate = 0.01,
                                          .policy = FW_STEP_KEEP_EFFECTIVE,
                                          .allow_negative = negative};
    struct fw_twin_result twin = {.ok = true,
                                  .workers = (uint32_t)o->workers,
                                  .n_momenta = FW_TWIN_MOMENTA};
    struct fw_law_view view = {.law = FW_LAW_MARGIN,
                               .config = &config,
                               .floor = fw_law_floor(&config),
                               .workers = (uint32_t)o->workers,
                               .curvature = NAN,
                               .staleness = mean,
                               .regular = ratio < REGULAR,
                               .twin = &twin};
    struct fw_law_choice choice;
    fw_status s;

    for (uint32_t i = 0; i < FW_TWIN_MOMENTA; i++)
        twin.momenta[i] = view.floor + (o->reference - view.floor) * i /
                                           (FW_TWIN_MOMENTA - 1);
    s = fw_twin_limits(p, twin.momenta, FW_TWIN_MOMENTA, twin.limits);
    fw_law_momentum(&view, &choice);
    *out = choice.value;
    return s;
}

static fw_status measure(const struct twin_options *o,
                         const struct fw_service *service,
                         struct twin_result *r, struct fw_err *err)
{
    struct fw_delays_plan plan = {service, (uint32_t)o->workers, o->straggler,
                                  o->updates, o->seed};
    uint32_t *taus = fw_mem_array(o->updates, sizeof(*taus));
    struct fw_twin_problem p = {taus, o->updates, o->updates};
    fw_status s = taus ? fw_delays_make(&plan, taus) : FW_NOMEM;
    uint32_t *sorted = fw_mem_array(o->updates, sizeof(*sorted));

    if (s == FW_OK && !sorted)
        s = FW_NOMEM;
    if (s == FW_OK) {
        for (size_t i = 0; i < o->updates; i++)
            sorted[i] = taus[i];
        summarise(sorted, o->updates, r);
        s = fw_twin_limits(&p, r->momenta.items, r->momenta.n, r->limits);
    }
    if (s == FW_OK)
        s = choose(o, &p, false, r->staleness.mean,
                   r->staleness.deviation_ratio, &r->margin);
    if (s == FW_OK)
        s = choose(o, &p, true, r->staleness.mean, r->staleness.deviation_ratio,
                   &r->margin_negative);
    free(sorted);
    free(taus);
    return s == FW_OK ? s : fw_err_set(err, s, "cannot run the twin");
}

static int tell_json(const struct twin_options *o, const struct twin_result *r)
{
    const struct fw_staleness_summary *s = &r->staleness;
    uint32_t m = (uint32_t)o->workers;
    json_t *limits = json_array();
    json_t *bars = json_array();
    json_t *law = json_array();
    json_t *staleness;

    for (size_t i = 0; i < r->momenta.n; i++)
        json_array_append_new(limits, json_pack("{s:f, s:f}", "momentum",
                                                r->momenta.items[i],
                                                "step_limit", r->limits[i]));
    for (size_t i = 0; i < r->n_bars; i++) {
        json_array_append_new(bars, json_real(r->bars[i]));
        json_array_append_new(
            law, json_real(fw_staleness_geometric(m, (uint32_t)i)));
    }
    staleness = json_pack(
        "{s:f, s:f, s:i, s:i, s:i, s:f, s:f, s:o, s:o}", "mean", s->mean,
        "deviation_ratio", s->deviation_ratio, "p50", (int)s->p50, "p95",
        (int)s->p95, "p99", (int)s->p99, "implicit_predicted",
        fw_law_implicit(m), "implicit_trace", s->mean / (1.0 + s->mean),
        "histogram", bars, "geometric", law);
    return fw_json_print(
        json_pack("{s:s, s:i, s:f, s:I, s:I, s:o, s:o, s:f, s:f}", "service",
                  o->service, "workers", (int)m, "straggler", o->straggler,
                  "updates", (json_int_t)o->updates, "seed",
                  (json_int_t)o->seed, "staleness", staleness, "limits", limits,
                  "margin", r->margin, "margin_negative", r->margin_negative));
}

static void tell(const struct twin_options *o, const struct twin_result *r)
{
    const struct fw_staleness_summary *s = &r->staleness;

    printf("%llu worker%s, %s: staleness %.2f, sd/mean %.2f, p50 %u, p95 %u, "
           "p99 %u\n",
           (unsigned long long)o->workers, fw_plural(o->workers), o->service,
           s->mean, s->deviation_ratio, s->p50, s->p95, s->p99);
    printf("implicit momentum %.3f predicted (1 - 1/M), %.3f by the trace\n\n",
           fw_law_implicit((uint32_t)o->workers), s->mean / (1.0 + s->mean));
    printf("%10s %22s\n", "momentum", "stable step, in 1/h");
    for (size_t i = 0; i < r->momenta.n; i++)
        printf("%10.3g %22.4g\n", r->momenta.items[i], r->limits[i]);
    printf("\nlaw margin chooses %.3g (%.3g if it may be negative) for a "
           "reference of %g\n",
           r->margin, r->margin_negative, o->reference);
}

static int check(const struct fw_args *a, const struct twin_options *o)
{
    if (o->workers < 1 || o->workers > FW_SIM_WORKERS_MAX)
        return fw_args_wrong(a, "--workers is 1 to %u", FW_SIM_WORKERS_MAX);
    if (o->updates < 1 || o->updates > UPDATES_MAX)
        return fw_args_wrong(a, "--updates is 1 to %u", UPDATES_MAX);
    if (o->straggler != 0.0 && !(o->straggler >= 1.0))
        return fw_args_wrong(a, "--straggler is at least 1");
    if (!(fabs(o->reference) < 1.0))
        return fw_args_wrong(a, "--reference is between -1 and 1");
    return FW_CLI_OK;
}

int fw_cmd_lab_twin(int argc, char **argv)
{
    struct twin_options o = {.service = "exponential",
                             .workers = 8,
                             .updates = 60000,
                             .momenta = MOMENTA,
                             .reference = 0.9,
                             .seed = 1};
    const struct fw_arg items[] = {
        {"service", FW_ARG_TEXT, &o.service, "SPEC", FW_SERVICE_RULE},
        {"workers", FW_ARG_COUNT, &o.workers, "M", "how many (8)"},
        {"straggler", FW_ARG_NUMBER, &o.straggler, "X",
         "one worker is X times slower"},
        {"updates", FW_ARG_COUNT, &o.updates, "N", "to replay (60000)"},
        {"momentum", FW_ARG_TEXT, &o.momenta, "LIST", "momenta (" MOMENTA ")"},
        {"reference", FW_ARG_NUMBER, &o.reference, "MU",
         "reference of law margin (0.9)"},
        {"seed", FW_ARG_COUNT, &o.seed, "S", "of the service times (1)"},
    };
    struct fw_args a = {
        .command = "lab twin",
        .operands = "",
        .summary = "Staleness of a cluster, and the largest stable effective "
                   "step for each momentum,\nin units of 1/curvature (the "
                   "stability twin, docs/controller.md).",
        .examples =
            "  flywheel lab twin --service gamma:4 --workers 16\n"
            "  flywheel lab twin --service trace:taus.txt --workers 8 --json\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_service service = {0};
    struct twin_result r = {0};
    struct fw_err err = {0};
    fw_status s;
    int code;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    code = check(&a, &o);
    if (code != FW_CLI_OK)
        return code;
    s = fw_number_list_parse("momentum", o.momenta, -0.999, 0.999, &r.momenta,
                             &err);
    if (s == FW_OK)
        s = fw_service_parse(o.service, &service, &err);
    if (s == FW_INVALID)
        return fw_args_wrong(&a, "%s", err.text);
    if (s == FW_OK)
        s = measure(&o, &service, &r, &err);
    fw_service_close(&service);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &err);
    if (a.common.json)
        return tell_json(&o, &r);
    tell(&o, &r);
    return FW_CLI_OK;
}
