#include "server/app/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/engine/recover.h"
#include "server/engine/saver.h"

#define TICK_MS          50   /* watchers */
#define TICKS_PER_LEASE  5    /* ticks between looks at the leases */
#define TICKS_PER_ACCESS 20   /* a token that is revoked works for a second */
#define TICKS_PER_TRIM   200  /* what a crowd has left is given back */
#define SAVE_TICK_MS     1000 /* looks whether checkpoints are due */
#define GRACE_MS         3000 /* for calls in flight when going down */

/* --- work in the pool --- */

static void save_all(uv_work_t *w)
{
    struct fw_daemon *d = w->data;

    fw_saver_save_all(&d->store, &d->jobs,
                      d->saving_all ? 0 : d->config.checkpoint_steps);
}

static void on_saved(uv_work_t *w, int status)
{
    struct fw_daemon *d = w->data;

    (void)status;
    d->is_saving = false;
}

static void on_save(uv_timer_t *t)
{
    struct fw_daemon *d = t->data;
    unsigned interval = d->config.checkpoint_interval_s;

    d->save_ticks++;
    if (d->is_saving || d->is_closing)
        return;
    d->saving_all = interval && d->save_ticks >= interval;
    if (!interval || (!d->saving_all && !d->config.checkpoint_steps))
        return;
    if (d->saving_all)
        d->save_ticks = 0;
    d->saving.data = d;
    d->is_saving = uv_queue_work(&d->loop, &d->saving, save_all, on_saved) == 0;
}

/* --- death --- */

static void save_stopped(struct fw_daemon *d)
{
    struct fw_err err = {0};

    for (size_t i = 0; i < d->jobs.n; i++) {
        struct fw_job_thread *t = d->jobs.items[i];
        struct fw_job *job;

        fw_job_thread_stop(t);
        job = fw_job_thread_job(t);
        if (fw_saver_save_stopped(&d->store, job, &err) != FW_OK)
            fw_log(FW_LOG_ERROR, "checkpoint_failed", "job=%s error=\"%s\"",
                   job->spec.name, err.text);
        else if (job->checkpoint[0])
            fw_log(FW_LOG_INFO, "checkpoint_saved", "job=%s version=%llu",
                   job->spec.name, (unsigned long long)job->durable_version);
    }
}

static void close_all(uv_work_t *w)
{
    struct fw_daemon *d = w->data;

    fw_server_close(&d->server, GRACE_MS);
    save_stopped(d);
}

static void close_handles(struct fw_daemon *d)
{
    uv_close((uv_handle_t *)&d->tick, NULL);
    uv_close((uv_handle_t *)&d->save, NULL);
    uv_close((uv_handle_t *)&d->terminate, NULL);
    uv_close((uv_handle_t *)&d->interrupt, NULL);
    uv_close((uv_handle_t *)&d->reload, NULL);
}

static void on_closed(uv_work_t *w, int status)
{
    struct fw_daemon *d = w->data;

    (void)status;
    fw_feed_tick(&d->feed, fw_clock_mono_ms(), true);
    fw_errands_shut(&d->errands);
    close_handles(d);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct fw_daemon *d = s->data;

    if (d->is_closing) {
        fw_log(FW_LOG_WARN, "killed", "signal=%d", number);
        _exit(FW_EXIT_FAILED);
    }
    fw_log(FW_LOG_INFO, "draining", "signal=%d", number);
    d->is_closing = true;
    fw_supervisor_tell(&d->supervisor, "STOPPING=1");
    fw_admin_set(&d->admin, FW_SITE_DRAINING);
    fw_server_drain(&d->server);
    fw_server_tick(&d->server, fw_clock_mono_ms());
    uv_timer_stop(&d->tick);
    uv_timer_stop(&d->save);
    d->closing.data = d;
    if (uv_queue_work(&d->loop, &d->closing, close_all, on_closed))
        _exit(FW_EXIT_FAILED);
}

/* --- birth --- */

static void on_tick(uv_timer_t *t)
{
    struct fw_daemon *d = t->data;

    if (fw_supervisor_tick(&d->supervisor, fw_clock_mono_ms()))
        fw_admin_set(&d->admin,
                     d->supervisor.deaf ? FW_SITE_DEAF : FW_SITE_READY);
    fw_server_tick(&d->server, fw_clock_mono_ms());
    fw_feed_tick(&d->feed, fw_clock_mono_ms(), false);
    if (++d->ticks % TICKS_PER_LEASE == 0)
        fw_jobs_tick(&d->jobs);
    if (d->ticks % TICKS_PER_ACCESS == 0)
        fw_access_refresh(&d->server.access);
    if (d->ticks % TICKS_PER_TRIM == 0)
        (void)fw_mem_trim();
}

static void on_reload(uv_signal_t *s, int number)
{
    struct fw_daemon *d = s->data;

    fw_log(FW_LOG_INFO, "reloading", "signal=%d", number);
    fw_server_reload(&d->server);
}

static void start_handles(struct fw_daemon *d)
{
    uv_timer_init(&d->loop, &d->tick);
    uv_timer_init(&d->loop, &d->save);
    uv_signal_init(&d->loop, &d->terminate);
    uv_signal_init(&d->loop, &d->interrupt);
    uv_signal_init(&d->loop, &d->reload);
    d->tick.data = d;
    d->save.data = d;
    d->terminate.data = d;
    d->interrupt.data = d;
    d->reload.data = d;
    uv_timer_start(&d->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_start(&d->save, on_save, SAVE_TICK_MS, SAVE_TICK_MS);
    uv_signal_start(&d->terminate, on_signal, SIGTERM);
    uv_signal_start(&d->interrupt, on_signal, SIGINT);
    uv_signal_start(&d->reload, on_reload, SIGHUP);
}

/* Of an address: what is before the port. */
static int host_length(const char *address)
{
    const char *colon = strrchr(address, ':');

    return colon ? (int)(colon - address) : (int)strlen(address);
}

static fw_status write_line(const struct fw_daemon *d, const char *name,
                            const char *line, struct fw_err *err)
{
    char path[FW_PATH_MAX + 32];
    char part[FW_PATH_MAX + 32];
    bool ok;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", d->config.data_dir, name);
    snprintf(part, sizeof(part), "%s/%s.part", d->config.data_dir, name);
    f = fopen(part, "w");
    if (!f)
        return fw_err_set(err, FW_IO, "cannot write %s: %m", part);
    ok = fprintf(f, "%s\n", line) > 0;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(part, path))
        return fw_err_set(err, FW_IO, "cannot write %s: %m", path);
    return FW_OK;
}

/* "127.0.0.1:40321" for those who asked for any free port. */
static fw_status write_address(const struct fw_daemon *d, const char *name,
                               const char *listen, int port, struct fw_err *err)
{
    char line[FW_ADDRESS_MAX + 16];

    snprintf(line, sizeof(line), "%.*s:%d", host_length(listen), listen, port);
    return write_line(d, name, line, err);
}

/* A socket's path is told as clients give it, and as the address if there is no
 * other. */
static fw_status tell_socket(const struct fw_daemon *d, struct fw_err *err)
{
    char address[FW_ADDRESS_MAX];
    fw_status s;

    snprintf(address, sizeof(address), "unix:%s", d->config.local.path);
    s = write_line(d, "flywheeld.socket", address, err);
    return s == FW_OK && !d->server.port
               ? write_line(d, "flywheeld.address", address, err)
               : s;
}

/* All is listened to: tell where. */
static fw_status tell_ready(struct fw_daemon *d, struct fw_err *err)
{
    const struct fw_server_config *c = &d->config;
    fw_status s = FW_OK;

    if (d->admin.port)
        s = write_address(d, "flywheeld.admin", c->admin.listen, d->admin.port,
                          err);
    if (s == FW_OK && c->local.path[0])
        s = tell_socket(d, err);
    if (s == FW_OK && d->server.port)
        s = write_address(d, "flywheeld.address", c->listen, d->server.port,
                          err);
    if (s != FW_OK)
        return s;
    fw_admin_set(&d->admin, FW_SITE_READY);
    fw_log(FW_LOG_INFO, "ready",
           "listen=%.*s:%d socket=%s admin_port=%d data=%s version=%s pid=%d",
           host_length(c->listen), c->listen, d->server.port, c->local.path,
           d->admin.port, c->data_dir, fw_version(), (int)getpid());
    return FW_OK;
}

/* One clear line, and the exit code for it. */
static int fail(int code, const struct fw_err *err)
{
    fprintf(stderr, "flywheeld: %s\n", err->text);
    return code;
}

/* What was configured wrongly is told from what the system refuses. */
static int fail_to_listen(fw_status s, const struct fw_err *err)
{
    if (s == FW_INVALID)
        return fail(FW_EXIT_USAGE, err);
    return fail(s == FW_CORRUPT ? FW_EXIT_DATA : FW_EXIT_LISTEN, err);
}

static int serve(struct fw_daemon *d)
{
    struct fw_err err = {0};
    fw_status s;

    fw_feed_tick(&d->feed, fw_clock_mono_ms(), true);
    s = fw_server_open(&d->server, &d->jobs, &d->store, &d->config, &err);
    if (s != FW_OK)
        return fail_to_listen(s, &err);
    uv_loop_init(&d->loop);
    start_handles(d); /* whoever knows that it is ready may end it at once */
    if (tell_ready(d, &err) != FW_OK) {
        fw_server_close(&d->server, 0);
        close_handles(d);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&d->loop);
        return fail(FW_EXIT_DATA, &err);
    }
    if (d->server.port)
        fw_supervisor_watch(&d->supervisor, &d->loop, d->config.listen,
                            d->server.port, d->config.tls.cert[0] != '\0');
    fw_supervisor_tell(&d->supervisor, "READY=1");
    if (fw_errands_open(&d->errands, &d->loop) != FW_OK)
        fw_log(FW_LOG_ERROR, "no_twin", "reason=memory");
    uv_run(&d->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&d->loop)) {
        fw_log(FW_LOG_ERROR, "loop_not_empty", "exit=%d", FW_EXIT_FAILED);
        return FW_EXIT_FAILED;
    }
    fw_log(FW_LOG_INFO, "ended", "jobs=%zu", d->jobs.n);
    return FW_EXIT_OK;
}

/* The administrator may watch while jobs are recovered. */
static int recover(struct fw_daemon *d)
{
    struct fw_err err = {0};
    fw_status s = fw_admin_open(&d->admin, &d->config.admin, &d->jobs, &err);
    int code;

    if (s != FW_OK)
        return fail_to_listen(s, &err);
    if (fw_recover(&d->store, &d->jobs, &err) == FW_OK)
        code = serve(d);
    else
        code = fail(FW_EXIT_DATA, &err);
    fw_admin_close(&d->admin);
    return code;
}

int fw_daemon_run(struct fw_daemon *d)
{
    struct fw_err err = {0};
    int code;

    fw_log_set_level(d->config.log_level);
    if (fw_lock_take(&d->lock, d->config.data_dir, &err) != FW_OK)
        return fail(FW_EXIT_DATA, &err);
    d->store = (struct fw_store){.disk = fw_disk_real(),
                                 .data_dir = d->config.data_dir,
                                 .keep = d->config.checkpoint_keep};
    if (fw_store_prepare(&d->store, &err) != FW_OK) {
        fw_lock_close(&d->lock);
        return fail(FW_EXIT_DATA, &err);
    }
    if (fw_jobs_init(&d->jobs, d->config.max_jobs,
                     (uint64_t)fw_clock_unix_ms()) != FW_OK) {
        fw_lock_close(&d->lock);
        return FW_EXIT_FAILED;
    }
    if (fw_errands_init(&d->errands) != FW_OK) {
        fw_jobs_close(&d->jobs);
        fw_lock_close(&d->lock);
        return FW_EXIT_FAILED;
    }
    d->jobs.thinker = &d->errands.thinker;
    d->jobs.caps = d->config.caps;
    fw_feed_open(&d->feed, &d->jobs, &d->config);
    fw_supervisor_open(&d->supervisor);
    code = recover(d);
    fw_supervisor_close(&d->supervisor);
    fw_jobs_close(&d->jobs); /* its threads may ask for errands until then */
    fw_feed_close(&d->feed);
    fw_errands_close(&d->errands);
    fw_lock_close(&d->lock);
    return code;
}
