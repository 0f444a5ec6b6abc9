#include "client/lab/service.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

#define PARAMETER_MAX 1e6
#define TAU_MAX       100000000ul
#define LINE_BYTES    256
#define SHORTEST      1e-9 /* a draw of 0 would stop the clock */

/* "gamma:4" into its number. */
static fw_status number(const char *text, double *out, struct fw_err *err)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end || errno || !(*out > 0 && *out <= PARAMETER_MAX))
        return fw_err_set(err, FW_INVALID,
                          "'%s' is no number above 0 in a service time; it is "
                          "%s",
                          text, FW_SERVICE_RULE);
    return FW_OK;
}

static bool add(struct fw_service *s, size_t *capacity, uint32_t tau)
{
    if (fw_mem_grow(&s->taus, capacity, s->n_taus + 1, sizeof(*s->taus)))
        return false;
    s->taus[s->n_taus++] = tau;
    return true;
}

/* A line is a comment, blank or one tau. */
static fw_status read_line(struct fw_service *s, size_t *capacity,
                           const char *line, struct fw_err *err)
{
    unsigned long tau;
    char *end;

    line += strspn(line, " \t");
    if (*line == '#' || *line == '\n' || *line == '\r' || *line == '\0')
        return FW_OK;
    errno = 0;
    tau = strtoul(line, &end, 10);
    if (*line == '-' || end == line || end[strspn(end, " \t\r\n")] || errno ||
        tau > TAU_MAX)
        return fw_err_set(err, FW_CORRUPT, "'%.*s' is no staleness",
                          (int)strcspn(line, "\r\n"), line);
    if (!add(s, capacity, (uint32_t)tau))
        return fw_err_set(err, FW_NOMEM, "no memory for the trace");
    return FW_OK;
}

static fw_status read_trace(struct fw_service *s, const char *path,
                            struct fw_err *err)
{
    FILE *f = fopen(path, "r");
    char line[LINE_BYTES];
    size_t capacity = 0;
    unsigned at = 0;
    fw_status status = FW_OK;

    if (!f)
        return fw_err_set(err, errno == ENOENT ? FW_NOT_FOUND : FW_IO,
                          "cannot read trace %s: %s", path, strerror(errno));
    while (status == FW_OK && fgets(line, sizeof(line), f)) {
        at++;
        status = read_line(s, &capacity, line, err);
        if (status != FW_OK)
            status = fw_err_wrap(err, status, "trace %s, line %u", path, at);
    }
    if (status == FW_OK && ferror(f))
        status = fw_err_set(err, FW_IO, "cannot read trace %s", path);
    if (status == FW_OK && s->n_taus == 0)
        status = fw_err_set(err, FW_CORRUPT, "trace %s is empty", path);
    fclose(f);
    return status;
}

fw_status fw_service_parse(const char *spec, struct fw_service *s,
                           struct fw_err *err)
{
    fw_status status = FW_OK;

    *s = (struct fw_service){0};
    if (strcmp(spec, "exponential") == 0) {
        s->kind = FW_SERVICE_EXPONENTIAL;
    } else if (strcmp(spec, "constant") == 0) {
        s->kind = FW_SERVICE_CONSTANT;
    } else if (strncmp(spec, "gamma:", 6) == 0) {
        s->kind = FW_SERVICE_GAMMA;
        status = number(spec + 6, &s->parameter, err);
    } else if (strncmp(spec, "lognormal:", 10) == 0) {
        s->kind = FW_SERVICE_LOGNORMAL;
        status = number(spec + 10, &s->parameter, err);
    } else if (strncmp(spec, "trace:", 6) == 0) {
        s->kind = FW_SERVICE_TRACE;
        status = read_trace(s, spec + 6, err);
    } else {
        status =
            fw_err_set(err, FW_INVALID, "'%s' is no service time; it is %s",
                       spec, FW_SERVICE_RULE);
    }
    if (status != FW_OK)
        fw_service_close(s);
    return status;
}

void fw_service_close(struct fw_service *s)
{
    free(s->taus);
    *s = (struct fw_service){0};
}

double fw_service_draw(const struct fw_service *s, struct fw_random *random)
{
    double x = 1.0;
    double variance;

    switch (s->kind) {
    case FW_SERVICE_EXPONENTIAL:
        x = fw_random_exponential(random);
        break;
    case FW_SERVICE_GAMMA:
        x = fw_random_gamma(random, s->parameter) / s->parameter;
        break;
    case FW_SERVICE_LOGNORMAL:
        variance = log1p(s->parameter * s->parameter);
        x = exp(sqrt(variance) * fw_random_normal(random) - variance / 2.0);
        break;
    case FW_SERVICE_CONSTANT:
    case FW_SERVICE_TRACE:
        break;
    }
    return fmax(x, SHORTEST);
}
