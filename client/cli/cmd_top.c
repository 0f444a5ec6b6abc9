#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/top_feed.h"
#include "client/cli/top_screen.h"
#include "client/worker/stop.h"
#include "sdk/base/clock.h"
#include "sdk/base/name.h"

#define INTERVAL_MS     1000 /* between two statuses */
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 60000
#define CALL_MS         2000 /* then the status is stale */
#define KEY_MS          50   /* Ctrl-C and news wait at most so long */
#define WIDTH           120  /* of what is no terminal */
#define WIDTH_MAX       300
#define REDRAW_MS       1000 /* so that the age of what is stale counts */

struct top {
    const struct fw_args *args;
    const char *job;    /* NULL: all */
    const char *sort;   /* NULL: by name */
    const char *filter; /* NULL: none */
    uint64_t interval_ms;
    bool once;
    struct fw_admin admin;     /* owned */
    struct fw_top_model model; /* owned */
    struct fw_top_page page;   /* owned */
    struct fw_top_link link;
};

/* $COLUMNS, if it says something sensible. */
static unsigned width_of_pipe(void)
{
    const char *columns = getenv("COLUMNS");
    unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;

    return n >= 1 && n <= WIDTH_MAX ? (unsigned)n : WIDTH;
}

static int print_page(struct top *t)
{
    t->page.width = width_of_pipe();
    if (fw_top_draw(&t->page, &t->model, &t->link) != FW_OK)
        return FW_CLI_FAILED;
    for (size_t i = 0; i < t->page.n; i++)
        puts(t->page.lines[i].text);
    return fflush(stdout) ? FW_CLI_FAILED : FW_CLI_OK;
}

/* One status, as a table or as JSON. */
static int look_once(struct top *t)
{
    struct fw_status_response r = {0};
    struct fw_err err = {0};
    int code;
    const bool json = t->args->common.json;
    fw_status s = fw_cli_status(&t->admin, t->job, json, &r, &err);

    if (s == FW_OK && json) {
        code = fw_json_print(fw_json_status(&r));
    } else if (s == FW_OK) {
        s = fw_top_take(&t->model, t->job ? t->job : "", &r);
        code = s == FW_OK ? print_page(t) : FW_CLI_FAILED;
    } else {
        code = fw_cli_fail(t->args->command, s, &err);
    }
    fw_status_response_close(&r);
    return code;
}

/* What the feed has brought; *changed if there was anything. */
static fw_status take_news(struct top *t, struct fw_top_feed *feed,
                           bool *changed)
{
    struct fw_status_response r = {0};
    char asked[FW_NAME_MAX + 1];
    fw_status s = FW_OK;

    if (fw_top_feed_take(feed, asked, &r)) {
        s = fw_top_take(&t->model, asked, &r);
        *changed = true;
    }
    fw_status_response_close(&r);
    fw_top_feed_choose(feed, t->model.job);
    return s;
}

static fw_status paint(struct top *t, struct fw_top_feed *feed,
                       struct fw_top_screen *screen)
{
    fw_status s;

    fw_top_feed_link(feed, &t->link);
    fw_top_screen_size(screen, &t->page);
    s = fw_top_draw(&t->page, &t->model, &t->link);
    if (s == FW_OK)
        fw_top_screen_paint(screen, &t->page);
    return s;
}

/* Keys and news until q or a signal; *asked tells the latter. */
static fw_status run(struct top *t, struct fw_top_feed *feed,
                     struct fw_top_screen *screen, struct fw_stop *stop)
{
    int64_t painted_ms = 0;
    fw_status s = FW_OK;

    while (s == FW_OK && !t->model.quit && !fw_stop_asked(stop)) {
        int key = fw_top_screen_key(screen, KEY_MS);
        int64_t now = fw_clock_mono_ms();
        bool changed = key != FW_KEY_NONE || now - painted_ms >= REDRAW_MS;

        s = fw_top_press(&t->model, key);
        if (s == FW_OK)
            s = take_news(t, feed, &changed);
        if (s == FW_OK && changed) {
            s = paint(t, feed, screen);
            painted_ms = now;
        }
    }
    return s;
}

static int live(struct top *t, struct fw_stop *stop)
{
    struct fw_top_feed feed = {0};
    struct fw_top_screen screen = {0};
    struct fw_err err = {0};
    bool stopped = false;
    fw_status s;

    if (t->admin.timeout_ms > CALL_MS)
        t->admin.timeout_ms = CALL_MS;
    s = fw_top_feed_open(&feed, &t->admin, t->model.job,
                         (int64_t)t->interval_ms, &err);
    if (s == FW_OK)
        s = fw_top_screen_open(&screen, &err);
    if (s == FW_OK) {
        s = run(t, &feed, &screen, stop);
        stopped = fw_stop_asked(stop);
        if (s != FW_OK)
            (void)fw_err_set(&err, s, "no memory to show it");
    }
    fw_top_screen_close(&screen); /* before what may wait for the network */
    fw_top_feed_close(&feed);
    if (s != FW_OK)
        return fw_cli_fail(t->args->command, s, &err);
    return stopped ? FW_CLI_INTERRUPTED : FW_CLI_OK;
}

static int wrong_options(const struct top *t)
{
    struct fw_top_model m;

    fw_top_init(&m, t->job);
    if (t->interval_ms < INTERVAL_MIN_MS || t->interval_ms > INTERVAL_MAX_MS)
        return fw_args_wrong(t->args, "--interval-ms is %d to %d",
                             INTERVAL_MIN_MS, INTERVAL_MAX_MS);
    if (t->job && !fw_name_valid(t->job))
        return fw_args_wrong(t->args, "--job takes " FW_NAME_RULE);
    if (t->sort && !fw_top_sort_by(&m, t->sort))
        return fw_args_wrong(t->args, "--sort: there is no column '%s'",
                             t->sort);
    return FW_CLI_OK;
}

/* Connect, then live or once. */
static int show(struct top *t)
{
    struct fw_stop stop = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    setlocale(LC_CTYPE, ""); /* but not the decimal point of numbers */
    t->page.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    fw_top_init(&t->model, t->job);
    if (t->sort)
        (void)fw_top_sort_by(&t->model, t->sort); /* was tried before */
    s = fw_top_filter(&t->model, t->filter ? t->filter : "");
    if (s == FW_OK)
        s = fw_stop_open(&stop, &err);
    if (s == FW_OK)
        s = fw_cli_connect(&t->args->common, &t->admin, &err);
    t->link.address = t->args->common.server;
    if (s != FW_OK)
        code = fw_cli_fail(t->args->command, s, &err);
    else if (t->once)
        code = look_once(t);
    else
        code = live(t, &stop);
    fw_admin_close(&t->admin);
    fw_top_page_close(&t->page);
    fw_top_close(&t->model);
    fw_stop_close(&stop);
    return code;
}

int fw_cmd_top(int argc, char **argv)
{
    struct top t = {.interval_ms = INTERVAL_MS};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &t.job, "JOB", "only this one and its workers"},
        {"once", FW_ARG_FLAG, &t.once, NULL,
         "one plain table and end; so too if this is no terminal"},
        {"sort", FW_ARG_TEXT, &t.sort, "COLUMN",
         "as its title says, e.g. loss (by name)"},
        {"filter", FW_ARG_TEXT, &t.filter, "TEXT",
         "only rows with it in name, state, law, reason"},
        {"interval-ms", FW_ARG_COUNT, &t.interval_ms, "MS",
         "between two looks (1000)"},
    };
    struct fw_args a = {
        .command = "top",
        .operands = "",
        .summary = "Jobs and workers, live; ? explains the keys. NO_COLOR is "
                   "respected.",
        .examples = "  flywheel top\n"
                    "  flywheel top --job digits --sort grad/s\n"
                    "  flywheel top --once --filter training\n"
                    "  flywheel top --json --job digits | jq .jobs[0].worker\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    int code;

    t.args = &a;
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    code = wrong_options(&t);
    if (code != FW_CLI_OK)
        return code;
    t.once = t.once || a.common.json || !isatty(STDOUT_FILENO) ||
             !isatty(STDIN_FILENO);
    return show(&t);
}
