#include "server/store/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/file.h"
#include "sdk/base/name.h"

#define FILE_MAX     (4u << 20) /* bytes */
#define PREFIX       "fw1_"
#define SECRET_BYTES 32u
#define ID_BYTES     4u
#define HEX_BYTES    (2 * FW_TOKEN_HASH + 1)

static const struct {
    enum fw_role role;
    const char *name;
} roles[] = {{FW_ROLE_WORKER, "worker"},
             {FW_ROLE_VIEWER, "viewer"},
             {FW_ROLE_OPERATOR, "operator"},
             {FW_ROLE_ADMIN, "admin"}};

fw_status fw_role_parse(const char *text, enum fw_role *out, struct fw_err *err)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(text, roles[i].name) == 0) {
            *out = roles[i].role;
            return FW_OK;
        }
    }
    return fw_err_set(err, FW_INVALID,
                      "a role is worker, viewer, operator or admin, not '%s'",
                      text);
}

const char *fw_role_name(enum fw_role role)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (role == roles[i].role)
            return roles[i].name;
    }
    return "nobody";
}

void fw_tokens_close(struct fw_tokens *t)
{
    free(t->items);
    *t = (struct fw_tokens){0};
}

static fw_status append(struct fw_tokens *t, const struct fw_token *one)
{
    struct fw_token *grown = realloc(t->items, (t->n + 1) * sizeof(*grown));

    if (!grown)
        return FW_NOMEM;
    t->items = grown;
    t->items[t->n++] = *one;
    return FW_OK;
}

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool from_hex(const char *text, uint8_t *out, size_t n)
{
    if (strlen(text) != 2 * n ||
        strspn(text, "0123456789abcdef") != strlen(text))
        return false;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool hash(const char *text, size_t n, uint8_t out[FW_TOKEN_HASH])
{
    unsigned length = 0;

    return EVP_Digest(text, n, out, &length, EVP_sha256(), NULL) == 1 &&
           length == FW_TOKEN_HASH;
}

/* One line; false: it is none of ours. */
static bool parse_line(const char *line, struct fw_token *out)
{
    char role[16];
    char job[FW_NAME_MAX + 1];
    char hex[HEX_BYTES];
    long long created;

    if (sscanf(line, "%8s %15s %64s %64s %lld", out->id, role, job, hex,
               &created) != 5)
        return false;
    out->created_s = created;
    out->job[0] = '\0';
    if (strcmp(job, "*") != 0)
        snprintf(out->job, sizeof(out->job), "%s", job);
    return strlen(out->id) == FW_TOKEN_ID_MAX &&
           strspn(out->id, "0123456789abcdef") == FW_TOKEN_ID_MAX &&
           (!out->job[0] || fw_name_valid(out->job)) &&
           fw_role_parse(role, &out->role, NULL) == FW_OK &&
           from_hex(hex, out->hash, FW_TOKEN_HASH);
}

static fw_status parse(char *text, struct fw_tokens *t, struct fw_err *err)
{
    fw_status s = FW_OK;

    for (unsigned number = 1; text && *text && s == FW_OK; number++) {
        char *line = strsep(&text, "\n");
        struct fw_token one;

        if (line[0] == '\0' || line[0] == '#')
            continue;
        if (!parse_line(line, &one))
            return fw_err_set(err, FW_CORRUPT, "line %u is no token", number);
        s = append(t, &one);
    }
    return s == FW_OK ? s : fw_err_set(err, s, "no memory for the tokens");
}

fw_status fw_tokens_load(const char *path, struct fw_tokens *t,
                         struct fw_err *err)
{
    struct fw_bytes text = {0};
    fw_status s;

    *t = (struct fw_tokens){0};
    s = fw_file_read(path, FILE_MAX, &text, err);
    if (s == FW_OK)
        s = parse((char *)text.data, t, err);
    fw_bytes_close(&text);
    if (s == FW_OK)
        return s;
    fw_tokens_close(t);
    return fw_err_wrap(err, s, "%s", path);
}

fw_status fw_tokens_add(struct fw_tokens *t, enum fw_role role, const char *job,
                        int64_t now_s, char text[FW_TOKEN_TEXT_MAX + 1],
                        struct fw_err *err)
{
    struct fw_token one = {.role = role, .created_s = now_s};
    uint8_t random[ID_BYTES + SECRET_BYTES];
    char secret[2 * SECRET_BYTES + 1];
    fw_status s = FW_OK;

    if (job[0] && !fw_name_valid(job))
        return fw_err_set(err, FW_INVALID, "a job's name is " FW_NAME_RULE);
    snprintf(one.job, sizeof(one.job), "%s", job);
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return fw_err_set(err, FW_IO, "no random bytes: %m");
    to_hex(random, ID_BYTES, one.id);
    to_hex(random + ID_BYTES, SECRET_BYTES, secret);
    snprintf(text, FW_TOKEN_TEXT_MAX + 1, PREFIX "%s_%s", one.id, secret);
    if (!hash(text, strlen(text), one.hash))
        s = fw_err_set(err, FW_INTERNAL, "SHA-256 is not to be had");
    else if (append(t, &one) != FW_OK)
        s = fw_err_set(err, FW_NOMEM, "no memory for another token");
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(random, sizeof(random));
    return s;
}

bool fw_tokens_remove(struct fw_tokens *t, const char *id)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->items[i].id, id) != 0)
            continue;
        t->items[i] = t->items[--t->n];
        return true;
    }
    return false;
}

static bool print_all(int fd, const struct fw_tokens *t)
{
    bool ok = dprintf(fd, "# id role job sha256 created\n") > 0;

    for (size_t i = 0; i < t->n && ok; i++) {
        const struct fw_token *one = &t->items[i];
        char hex[HEX_BYTES];

        to_hex(one->hash, FW_TOKEN_HASH, hex);
        ok = dprintf(fd, "%s %s %s %s %" PRId64 "\n", one->id,
                     fw_role_name(one->role), one->job[0] ? one->job : "*", hex,
                     one->created_s) > 0;
    }
    return ok && fsync(fd) == 0;
}

/* The file's own folder, as flywheeld makes it; what is above must be there. */
static void make_folder(const char *path)
{
    char folder[FW_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    (void)mkdir(folder, 0700); /* what comes of it the file tells */
}

/* The new file is made under another name, which also keeps a second writer
 * out. */
fw_status fw_tokens_save(const char *path, const struct fw_tokens *t,
                         struct fw_err *err)
{
    char part[FW_PATH_MAX + 8];
    bool ok;
    int fd;

    snprintf(part, sizeof(part), "%s.part", path);
    make_folder(path);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return fw_err_set(err, FW_BUSY,
                          "another command changes the tokens; if none does, "
                          "remove %s",
                          part);
    if (fd < 0)
        return fw_err_set(err, FW_IO, "cannot write %s: %m", part);
    ok = print_all(fd, t);
    ok = close(fd) == 0 && ok && rename(part, path) == 0;
    if (ok)
        return FW_OK;
    (void)fw_err_set(err, FW_IO, "cannot write %s: %m", path);
    unlink(part);
    return FW_IO;
}

const struct fw_token *fw_tokens_find(const struct fw_tokens *t,
                                      const char *text, size_t n)
{
    const size_t at = sizeof(PREFIX) - 1;
    uint8_t mine[FW_TOKEN_HASH];

    if (n != FW_TOKEN_TEXT_MAX || strncmp(text, PREFIX, at) != 0 ||
        !hash(text, n, mine))
        return NULL;
    for (size_t i = 0; i < t->n; i++) {
        if (strncmp(t->items[i].id, text + at, FW_TOKEN_ID_MAX) == 0 &&
            CRYPTO_memcmp(t->items[i].hash, mine, FW_TOKEN_HASH) == 0)
            return &t->items[i];
    }
    return NULL;
}
