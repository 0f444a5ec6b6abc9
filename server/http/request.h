/* request.h - the head of one HTTP request, read piece by piece.
 *
 * Only what the administrator's listener serves: GET and HEAD without a body,
 * a head of at most FW_HEAD_MAX bytes.  Anything else gets a status, which is
 * then the answer, and the connection ends with it.
 *
 * Layer: server/http.  Thread: its owner's.  Plain memory; may not be moved
 * after fw_request_begin, and may be copied for reading once it is complete. */
#ifndef FW_HTTP_REQUEST_H
#define FW_HTTP_REQUEST_H

#include <http_parser.h>

#include "sdk/base/status.h"

#define FW_HEAD_MAX   8192 /* bytes of request line and headers */
#define FW_URL_MAX    1024
#define FW_HEADER_MAX 512 /* bytes of a header's value that is read */

/* The headers that are read. */
enum fw_header {
    FW_HEADER_HOST,
    FW_HEADER_AUTHORIZATION,
    FW_HEADER_ACCEPT,
    FW_HEADER_ACCEPT_ENCODING,
    FW_HEADER_NONE, /* last: another one */
};

struct fw_request {
    http_parser parser;
    char url[FW_URL_MAX];                       /* as it came; terminated */
    char header[FW_HEADER_NONE][FW_HEADER_MAX]; /* values; terminated */
    bool seen[FW_HEADER_NONE];                  /* it came, perhaps empty */
    char field[32];                             /* name of the one under way */
    enum fw_header current;                     /* the one under way */
    bool in_value;                              /* of the one under way */
    size_t n_bytes;                             /* of the head, so far */
    bool complete;                              /* nothing more is expected */
    bool head_only;                             /* HEAD */
    bool keep;                                  /* the client may ask again */
    unsigned refusal;   /* an HTTP status; 0: it may be served */
    const char *reason; /* of the refusal: a constant word */
    const char *why;    /* of the refusal: a constant sentence */
    char *path;         /* in `url`, terminated; "/" at least once complete */
    char *query;        /* in `url`, behind '?'; empty if there is none */
};

/* Expect the first byte of a request. */
void fw_request_begin(struct fw_request *r);

/* Read from `data`; the bytes that were used.  The rest belongs to the next
 * request.  Stops at r->complete. */
size_t fw_request_feed(struct fw_request *r, const char *data, size_t n);

/* Nothing of it has come yet. */
bool fw_request_is_empty(const struct fw_request *r);

/* Refuse it; the first refusal stays. */
void fw_request_refuse(struct fw_request *r, unsigned status,
                       const char *reason, const char *why);

/* The decoded value of a query parameter; false if it is not there, does not
 * fit or is not well formed. */
bool fw_request_query(const struct fw_request *r, const char *key, char *out,
                      size_t n_out);

/* The same as a number; `missing` if it is not there or no number. */
double fw_request_number(const struct fw_request *r, const char *key,
                         double missing);

#endif
