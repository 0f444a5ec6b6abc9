#include "sdk/base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "sdk/base/clock.h"

#define LINE_MAX_BYTES 1024

static _Atomic int threshold = FW_LOG_INFO;

void fw_log_set_level(enum fw_log_level level)
{
    atomic_store(&threshold, (int)level);
}

/* "2026-01-01T00:00:00.000Z" */
static void stamp(char *text, size_t size)
{
    int64_t now_ms = fw_clock_unix_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    size_t n;

    gmtime_r(&seconds, &utc);
    n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + n, size - n, ".%03dZ", (int)(now_ms % 1000));
}

void fw_log(enum fw_log_level level, const char *event, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LINE_MAX_BYTES];
    char when[40];
    va_list args;
    int n;
    int m;

    if ((int)level < atomic_load(&threshold))
        return;
    stamp(when, sizeof(when));
    n = snprintf(line, sizeof(line), "ts=%s level=%s event=%s ", when,
                 names[level], event);
    va_start(args, fmt);
    m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, args);
    va_end(args);
    n += m < (int)sizeof(line) - n - 1 ? m : (int)sizeof(line) - n - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* stderr is gone; there is nobody left to tell */
}
