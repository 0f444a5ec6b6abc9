#include "server/http/request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX 32 /* bytes of a number in a query */

static const char *const NAMES[FW_HEADER_NONE] = {
    [FW_HEADER_HOST] = "host",
    [FW_HEADER_AUTHORIZATION] = "authorization",
    [FW_HEADER_ACCEPT] = "accept",
    [FW_HEADER_ACCEPT_ENCODING] = "accept-encoding",
};

void fw_request_refuse(struct fw_request *r, unsigned status,
                       const char *reason, const char *why)
{
    if (r->refusal)
        return;
    r->refusal = status;
    r->reason = reason;
    r->why = why;
}

/* --- what http-parser calls; not 0 ends the parsing --- */

static bool append(char *to, size_t size, const char *at, size_t n)
{
    size_t used = strlen(to);

    if (n >= size - used)
        return false;
    memcpy(to + used, at, n);
    to[used + n] = '\0';
    return true;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct fw_request *r = p->data;

    if (append(r->url, sizeof(r->url), at, n))
        return 0;
    fw_request_refuse(r, HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE,
                      "HEAD_TOO_LARGE", "the address is too long");
    return 1;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct fw_request *r = p->data;

    if (r->in_value) {
        r->field[0] = '\0';
        r->in_value = false;
    }
    if (!append(r->field, sizeof(r->field), at, n))
        memcpy(r->field, "?", sizeof("?")); /* a long name is none of ours */
    return 0;
}

/* A value begins: whose is it?  One that comes twice is refused: two readers
 * might each believe another. */
static int begin_value(struct fw_request *r)
{
    int i = 0;

    r->in_value = true;
    while (i < FW_HEADER_NONE && strcasecmp(r->field, NAMES[i]) != 0)
        i++;
    r->current = (enum fw_header)i;
    if (i == FW_HEADER_NONE)
        return 0;
    if (r->seen[i] && (i == FW_HEADER_HOST || i == FW_HEADER_AUTHORIZATION)) {
        fw_request_refuse(r, HTTP_STATUS_BAD_REQUEST, "BAD_REQUEST",
                          "a header came twice");
        return 1;
    }
    r->seen[i] = true;
    r->header[i][0] = '\0';
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct fw_request *r = p->data;

    if (!r->in_value && begin_value(r))
        return 1;
    if (r->current == FW_HEADER_NONE ||
        append(r->header[r->current], FW_HEADER_MAX, at, n))
        return 0;
    fw_request_refuse(r, HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE,
                      "HEAD_TOO_LARGE", "a header is too long");
    return 1;
}

/* Where does the path end? */
static void split_url(struct fw_request *r)
{
    char *mark = strpbrk(r->url, "?#");

    r->path = r->url;
    r->query = r->url + strlen(r->url);
    if (!mark)
        return;
    if (*mark == '?')
        r->query = mark + 1;
    *mark = '\0';
    r->query[strcspn(r->query, "#")] = '\0';
}

static int on_head(http_parser *p)
{
    struct fw_request *r = p->data;

    r->head_only = p->method == HTTP_HEAD;
    r->keep = http_should_keep_alive(p) && !p->upgrade;
    split_url(r);
    if (p->method != HTTP_GET && p->method != HTTP_HEAD)
        fw_request_refuse(r, HTTP_STATUS_METHOD_NOT_ALLOWED,
                          "METHOD_NOT_ALLOWED", "only GET and HEAD are served");
    else if ((p->flags & (F_CHUNKED | F_CONTENTLENGTH) &&
              p->content_length != 0) ||
             p->uses_transfer_encoding)
        fw_request_refuse(r, HTTP_STATUS_PAYLOAD_TOO_LARGE, "BODY_REFUSED",
                          "a request has no body here");
    else if (r->url[0] != '/')
        fw_request_refuse(r, HTTP_STATUS_BAD_REQUEST, "BAD_REQUEST",
                          "the address begins with a slash");
    r->complete = true;
    return -1; /* a body is not read, so parsing ends here */
}

/* --- */

void fw_request_begin(struct fw_request *r)
{
    memset(r, 0, sizeof(*r));
    http_parser_init(&r->parser, HTTP_REQUEST);
    r->parser.data = r;
    r->current = FW_HEADER_NONE;
    r->path = r->url;
    r->query = r->url;
}

bool fw_request_is_empty(const struct fw_request *r)
{
    return r->n_bytes == 0;
}

size_t fw_request_feed(struct fw_request *r, const char *data, size_t n)
{
    static const http_parser_settings settings = {
        .on_url = on_url,
        .on_header_field = on_field,
        .on_header_value = on_value,
        .on_headers_complete = on_head,
    };
    size_t room = FW_HEAD_MAX - r->n_bytes;
    size_t used =
        http_parser_execute(&r->parser, &settings, data, n < room ? n : room);

    r->n_bytes += used;
    if (r->complete && !r->refusal)
        return used + 1; /* the last line feed was not counted */
    if (!r->refusal && HTTP_PARSER_ERRNO(&r->parser) != HPE_OK)
        fw_request_refuse(r, HTTP_STATUS_BAD_REQUEST, "BAD_REQUEST",
                          "this is not HTTP/1.1");
    if (!r->refusal && r->n_bytes >= FW_HEAD_MAX)
        fw_request_refuse(r, HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE,
                          "HEAD_TOO_LARGE", "the head is too long");
    if (r->refusal) {
        r->complete = true;
        r->keep = false;
    }
    return used;
}

/* --- queries --- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= ' ';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* ten digits before */
}

/* %41 is A; false if that is not well formed or does not fit. */
static bool decode(const char *from, size_t n, char *out, size_t n_out)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        char c = from[i];

        if (c == '%') {
            int high = i + 2 < n ? hex(from[i + 1]) : -1;
            int low = i + 2 < n ? hex(from[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= n_out || (unsigned char)c < ' ')
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

bool fw_request_query(const struct fw_request *r, const char *key, char *out,
                      size_t n_out)
{
    size_t n_key = strlen(key);

    for (const char *at = r->query; *at;) {
        size_t n = strcspn(at, "&");

        if (n > n_key && strncmp(at, key, n_key) == 0 && at[n_key] == '=')
            return decode(at + n_key + 1, n - n_key - 1, out, n_out);
        at += n + (at[n] == '&');
    }
    return false;
}

double fw_request_number(const struct fw_request *r, const char *key,
                         double missing)
{
    char text[NUMBER_MAX];
    char *end;
    double x;

    if (!fw_request_query(r, key, text, sizeof(text)) || !text[0])
        return missing;
    x = strtod(text, &end);
    return *end || !isfinite(x) ? missing : x;
}
