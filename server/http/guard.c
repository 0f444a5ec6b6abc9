#include "server/http/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* The name in front of a port; all of it if there is none. */
static size_t name_length(const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

    return end ? (size_t)(end - host) + 1 : strcspn(host, ":");
}

static bool is_name(const char *host, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(host, name, n) == 0;
}

static bool is_port(const char *text)
{
    return !*text || (text[0] == ':' && text[1] &&
                      !text[1 + strspn(text + 1, "0123456789")]);
}

static bool is_ours(const struct fw_guard *g, const char *host)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    size_t n = name_length(host);
    bool found = false;

    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        found = found || is_name(host, n, loopback[i]);
    for (uint32_t i = 0; i < g->own->n_hosts; i++)
        found = found || is_name(host, n, g->own->hosts[i]);
    return found && is_port(host + n);
}

/* In a time that tells nothing about where they differ. */
static bool same_token(const char *given, const char *token)
{
    size_t n = strlen(given);
    size_t n_token = strlen(token);
    unsigned difference = n != n_token;

    for (size_t i = 0; i < n_token; i++)
        difference |= (unsigned)(given[n ? i % n : 0] ^ token[i]);
    return difference == 0;
}

static bool may_ask(const struct fw_guard *g, const struct fw_request *r)
{
    static const char scheme[] = "Bearer ";
    const char *given = r->header[FW_HEADER_AUTHORIZATION];
    size_t n = sizeof(scheme) - 1;

    if (strncasecmp(given, scheme, n) != 0)
        return false;
    return same_token(given + n + strspn(given + n, " "), g->token);
}

void fw_guard_check(const struct fw_guard *g, bool is_open,
                    struct fw_request *r)
{
    if (!is_ours(g, r->header[FW_HEADER_HOST]))
        fw_request_refuse(r, HTTP_STATUS_BAD_REQUEST, "HOST_NOT_ALLOWED",
                          "this server does not go by that name; add it to "
                          "admin.hosts if it is yours");
    else if (g->token[0] && !is_open && !may_ask(g, r))
        fw_request_refuse(r, HTTP_STATUS_UNAUTHORIZED, "TOKEN_NEEDED",
                          "send the token: Authorization: Bearer TOKEN");
}

static fw_status take_token(struct fw_guard *g, char *line, struct fw_err *err)
{
    size_t n = strcspn(line, "\r\n");

    line[n] = '\0';
    if (n < FW_TOKEN_MIN || n > FW_TOKEN_MAX)
        return fw_err_set(err, FW_INVALID, "a token has %d to %d characters",
                          FW_TOKEN_MIN, FW_TOKEN_MAX);
    for (size_t i = 0; i < n; i++) {
        if (line[i] <= ' ' || line[i] > '~')
            return fw_err_set(err, FW_INVALID,
                              "a token has no blanks and only ASCII");
    }
    memcpy(g->token, line, n + 1);
    return FW_OK;
}

static fw_status read_token(struct fw_guard *g, const char *path,
                            struct fw_err *err)
{
    char line[FW_TOKEN_MAX + 3]; /* line feed, and one byte too many */
    FILE *f = fopen(path, "re");
    fw_status s = FW_OK;
    struct stat about;

    if (!f)
        return fw_err_set(err, FW_INVALID, "cannot open: %m");
    if (fstat(fileno(f), &about) || about.st_mode & (S_IRWXG | S_IRWXO))
        s = fw_err_set(err, FW_INVALID,
                       "others may read it; chmod 600 mends that");
    else if (!fgets(line, sizeof(line), f))
        s = fw_err_set(err, FW_INVALID, "it is empty");
    else
        s = take_token(g, line, err);
    fclose(f);
    return s;
}

fw_status fw_guard_load(struct fw_guard *g,
                        const struct fw_admin_config *config,
                        struct fw_err *err)
{
    fw_status s = FW_OK;

    *g = (struct fw_guard){.own = config};
    if (config->token_file[0])
        s = read_token(g, config->token_file, err);
    return s == FW_OK
               ? s
               : fw_err_wrap(err, s, "admin.token_file %s", config->token_file);
}
