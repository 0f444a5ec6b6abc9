/* reply.h - the answer to a request.
 *
 * Layer: server/http.  Thread: its owner's.  Zero is valid and empty. */
#ifndef FW_HTTP_REPLY_H
#define FW_HTTP_REPLY_H

#include <jansson.h>

#include "server/http/body.h"
#include "server/http/request.h"

#define FW_REPLY_HEAD_MAX 1024 /* bytes; a policy with hashes fits */

struct fw_reply {
    unsigned status;      /* of HTTP */
    const char *type;     /* Content-Type: constant */
    const char *policy;   /* Content-Security-Policy: constant, at most 512
                             bytes; NULL: nothing may be loaded */
    const char *encoding; /* Content-Encoding: constant; NULL: none */
    struct fw_body *body; /* a reference; NULL: out of memory */
};

void fw_reply_close(struct fw_reply *r);

/* Answer 200 with a document that is let go of; NULL: out of memory. */
void fw_reply_json(struct fw_reply *r, json_t *document);

/* Answer 200 with text, whose reference is taken; NULL: out of memory. */
void fw_reply_text(struct fw_reply *r, const char *type, struct fw_body *body);

/* Answer with {"error":{"reason","message"}}. */
void fw_reply_error(struct fw_reply *r, unsigned status, const char *reason,
                    const char *message);

/* The head that goes in front of the body; its bytes.  `keep`: the connection
 * stays for more.  A stream has no length. */
size_t fw_reply_head(const struct fw_reply *r, bool keep, bool is_stream,
                     char out[FW_REPLY_HEAD_MAX]);

#endif
