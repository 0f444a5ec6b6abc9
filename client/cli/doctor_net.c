/* doctor_check.h: what goes over the network, but for TLS. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/cli/doctor_check.h"
#include "client/cli/server.h"
#include "sdk/base/clock.h"
#include "sdk/base/words.h"

/* "host:port" or "[v6]:port" in two. */
static bool split(const char *address, char host[FW_ADDRESS_MAX],
                  char port[FW_ADDRESS_MAX])
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;

    if (!n || n >= FW_ADDRESS_MAX || strlen(address) >= FW_ADDRESS_MAX)
        return false;
    if (address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    snprintf(host, FW_ADDRESS_MAX, "%.*s", (int)n, address);
    snprintf(port, FW_ADDRESS_MAX, "%s", colon + 1);
    return true;
}

static fw_status resolve(const char *address, struct addrinfo **out,
                         struct fw_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char host[FW_ADDRESS_MAX];
    char port[FW_ADDRESS_MAX];
    int e;

    if (!split(address, host, port))
        return fw_err_set(err, FW_INVALID, "'%s' is not HOST:PORT", address);
    e = getaddrinfo(host, port, &hints, out);
    if (e || !*out)
        return fw_err_set(err, FW_NOT_FOUND, "%s: %s", host, gai_strerror(e));
    return FW_OK;
}

/* One address; the descriptor or a negated errno. */
static int dial(const struct addrinfo *a, int timeout_ms)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    a->ai_protocol);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int e = 0;
    socklen_t n = sizeof(e);

    if (fd < 0)
        return -errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS)
        e = errno;
    else if (poll(&p, 1, timeout_ms) == 0)
        e = ETIMEDOUT;
    else
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
    if (e == 0 && fcntl(fd, F_SETFL, 0) == 0)
        return fd;
    close(fd);
    return e ? -e : -EIO;
}

int fw_doctor_dial(const struct fw_cli_common *common, struct fw_err *err)
{
    struct addrinfo *all = NULL;
    int fd = -EADDRNOTAVAIL;

    if (resolve(common->server, &all, err) != FW_OK)
        return -1;
    for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
        fd = dial(a, (int)common->timeout_ms);
    freeaddrinfo(all);
    if (fd < 0)
        (void)fw_err_set(err, FW_UNAVAILABLE, "%s: %s", common->server,
                         strerrordesc_np(-fd));
    return fd < 0 ? -1 : fd;
}

void fw_check_connect(struct fw_visit *v)
{
    struct fw_err err = {0};
    int64_t begun = fw_clock_mono_us();
    int fd;

    if (strncmp(v->common->server, "unix:", 5) == 0)
        return; /* the service's check says all there is */
    fd = fw_doctor_dial(v->common, &err);
    if (fd < 0) {
        v->unreached = true;
        fw_visit_add(
            v, fw_found(FW_FOUND_FAIL, "connect",
                        "is flywheeld running there and listening on that "
                        "address, and does a firewall let it through?",
                        "no connection: %s", err.text));
        return;
    }
    close(fd);
    fw_visit_add(
        v, fw_judge_connect(v->common->server, fw_clock_mono_us() - begun));
}

/* What to do about a call that failed. */
static const char *mend(fw_status s, const struct fw_err *err)
{
    if (s == FW_DENIED || strcmp(err->reason, "UNAUTHENTICATED") == 0)
        return "ask for a token (flywheel token create) and give it by "
               "--token-file";
    if (s == FW_NOT_FOUND || s == FW_INVALID || s == FW_IO)
        return "look at --ca, --cert, --key and --token-file";
    return "it is no flywheeld, or it wants TLS: --ca, or it is not to be had "
           "by plain text";
}

void fw_check_service(struct fw_visit *v)
{
    struct fw_status_response r = {0};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int64_t before;
    int64_t after;
    fw_status s;

    if (v->unreached)
        return;
    s = fw_cli_connect(v->common, &admin, &err);
    before = fw_clock_unix_ms();
    if (s == FW_OK)
        s = fw_admin_status(&admin, "", &r, &err);
    after = fw_clock_unix_ms();
    if (s != FW_OK) {
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "service", mend(s, &err),
                                 "no answer: %s", err.text));
    } else {
        fw_visit_add(v,
                     fw_found(r.server.draining ? FW_FOUND_WARN : FW_FOUND_OK,
                              "service", "it is about to end: wait for it",
                              "a flywheeld with %u job%s%s", r.server.jobs,
                              fw_plural(r.server.jobs),
                              r.server.draining ? ", draining" : ""));
        fw_visit_add(v, fw_judge_version(fw_version(), r.server.version));
        fw_visit_add(v, fw_judge_clock(r.server.unix_ms,
                                       before + (after - before) / 2,
                                       (after - before + 1) / 2));
    }
    fw_status_response_close(&r);
    fw_admin_close(&admin);
}

/* Whether something listens, or may not be listened, at host:port. */
static void check_port(struct fw_visit *v, const char *what,
                       const char *address)
{
    struct addrinfo *all = NULL;
    struct fw_err err = {0};
    int yes = 1;
    int fd;
    int e = 0;

    if (resolve(address, &all, &err) != FW_OK || !all) {
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "port",
                                 "name an address of this machine", "%s: %s",
                                 what, err.text));
        return;
    }
    fd = socket(all->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
        bind(fd, all->ai_addr, all->ai_addrlen))
        e = errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(all);
    if (e == 0)
        fw_visit_add(v, fw_found(FW_FOUND_OK, "port", "", "%s %s is free", what,
                                 address));
    else
        fw_visit_add(
            v, fw_found(v->running ? FW_FOUND_WARN : FW_FOUND_FAIL, "port",
                        v->running
                            ? "nothing, if it is by the server that runs"
                            : "end what has it (ss -ltnp), or choose another "
                              "by --listen or --admin",
                        "%s %s: %s", what, address, strerrordesc_np(e)));
}

void fw_check_ports(struct fw_visit *v)
{
    if (strcmp(v->config.listen, "off") != 0)
        check_port(v, "gRPC", v->config.listen);
    if (strcmp(v->config.admin.listen, "off") != 0)
        check_port(v, "HTTP", v->config.admin.listen);
}
