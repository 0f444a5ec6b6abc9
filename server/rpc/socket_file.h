/* socket_file.h - a socket that listens at a path of this machine.
 *
 * A file that an ended server has left there is replaced; one that somebody
 * listens at is not, and nothing but a socket is ever removed.  Whoever binds
 * holds a lock on the folder meanwhile, so that two servers that begin at once
 * cannot take the path from each other.
 *
 * Layer: server/rpc.  Thread: any.  Lives inside the listener. */
#ifndef FW_RPC_SOCKET_FILE_H
#define FW_RPC_SOCKET_FILE_H

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#include "sdk/base/status.h"

struct fw_socket_file {
    int fd; /* owned; listens and does not block; -1: closed */
    struct sockaddr_un at;
    dev_t device; /* with inode: the file that is ours */
    ino_t inode;
};

/* Bind and listen; the file gets `mode` whatever the umask is.  FW_INVALID: too
 * long a path; FW_IO: somebody listens there, or it cannot be made. */
FW_MUST_USE fw_status fw_socket_file_open(struct fw_socket_file *f,
                                          const char *path, mode_t mode,
                                          struct fw_err *err);

/* Listen no more; the file goes if it is still ours.  Safe twice. */
void fw_socket_file_close(struct fw_socket_file *f);

#endif
