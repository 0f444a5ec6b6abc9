#include "server/http/reply.h"

#include <stdio.h>

#define NOTHING_LOADED                                                         \
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "            \
    "form-action 'none'"

void fw_reply_close(struct fw_reply *r)
{
    fw_body_unref(r->body);
    r->body = NULL;
}

void fw_reply_text(struct fw_reply *r, const char *type, struct fw_body *body)
{
    fw_reply_close(r);
    *r =
        (struct fw_reply){.status = HTTP_STATUS_OK, .type = type, .body = body};
}

void fw_reply_json(struct fw_reply *r, json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

    json_decref(document);
    fw_reply_text(r, "application/json", fw_body_take_string(text));
}

void fw_reply_error(struct fw_reply *r, unsigned status, const char *reason,
                    const char *message)
{
    fw_reply_json(r, json_pack("{s:{s:s, s:s}}", "error", "reason", reason,
                               "message", message));
    r->status = status;
}

static const char *phrase(unsigned status)
{
    switch (status) {
#define PHRASE(number, name, text)                                             \
    case number:                                                               \
        return #text;
        HTTP_STATUS_MAP(PHRASE)
#undef PHRASE
    default:
        return "Unknown";
    }
}

/* Header lines that only some answers have. */
static const char *special(unsigned status)
{
    switch (status) {
    case HTTP_STATUS_METHOD_NOT_ALLOWED:
        return "Allow: GET, HEAD\r\n";
    case HTTP_STATUS_UNAUTHORIZED:
        return "WWW-Authenticate: Bearer realm=\"flywheel\"\r\n";
    case HTTP_STATUS_SERVICE_UNAVAILABLE:
        return "Retry-After: 1\r\n";
    default:
        return "";
    }
}

size_t fw_reply_head(const struct fw_reply *r, bool keep, bool is_stream,
                     char out[FW_REPLY_HEAD_MAX])
{
    char length[48] = ""; /* "Content-Length: " and 20 digits */
    int n;

    if (!is_stream)
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
                 r->body ? r->body->n : 0);
    n = snprintf(out, FW_REPLY_HEAD_MAX,
                 "HTTP/1.1 %u %s\r\n"
                 "Content-Type: %s\r\n"
                 "%s%s%s%s%s"
                 "Content-Security-Policy: %.512s\r\n"
                 "X-Content-Type-Options: nosniff\r\n"
                 "X-Frame-Options: DENY\r\n"
                 "Referrer-Policy: no-referrer\r\n"
                 "Cross-Origin-Resource-Policy: same-origin\r\n"
                 "Cross-Origin-Opener-Policy: same-origin\r\n"
                 "Cache-Control: no-store\r\n"
                 "Connection: %s\r\n\r\n",
                 r->status, phrase(r->status), r->type, length,
                 special(r->status), r->encoding ? "Content-Encoding: " : "",
                 r->encoding ? r->encoding : "", r->encoding ? "\r\n" : "",
                 r->policy ? r->policy : NOTHING_LOADED,
                 keep ? "keep-alive" : "close");
    return n < FW_REPLY_HEAD_MAX ? (size_t)n : FW_REPLY_HEAD_MAX - 1;
}
