#include "server/rpc/knock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define PREFACE       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_BYTES (sizeof(PREFACE) - 1)
#define HEAD_BYTES    9 /* of a frame (RFC 9113, 4.1) */
#define TYPE_AT       3
#define SETTINGS      4
#define SETTING_BYTES 6
#define SETTINGS_MAX  (64 * SETTING_BYTES) /* ten are known */
#define PEEK_BYTES    (PREFACE_BYTES + HEAD_BYTES + SETTINGS_MAX)

enum fw_knock fw_knock_judge(const uint8_t *data, size_t n)
{
    const uint8_t *head = data + PREFACE_BYTES;
    size_t body;

    if (memcmp(data, PREFACE, n < PREFACE_BYTES ? n : PREFACE_BYTES) != 0)
        return FW_KNOCK_STRANGE;
    if (n < PREFACE_BYTES + HEAD_BYTES)
        return FW_KNOCK_WAIT;
    body = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (head[TYPE_AT] != SETTINGS || body > SETTINGS_MAX)
        return FW_KNOCK_STRANGE;
    return n < PREFACE_BYTES + HEAD_BYTES + body ? FW_KNOCK_WAIT
                                                 : FW_KNOCK_HTTP2;
}

enum fw_knock fw_knock_peek(int fd)
{
    uint8_t data[PEEK_BYTES];
    ssize_t n = recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);

    if (n > 0)
        return fw_knock_judge(data, (size_t)n);
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? FW_KNOCK_WAIT
                                                        : FW_KNOCK_STRANGE;
}
