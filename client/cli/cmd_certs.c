#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/args.h"
#include "client/cli/command.h"
#include "sdk/wire/messages.h"

/* What openssl is told to do; $DIR, $DAYS and $NAMES come by the environment,
 * so that nothing a user types is read as a program. */
static const char script[] =
    "set -eu; umask 077; cd \"$DIR\"\n"
    "openssl() { command openssl \"$@\" 2>err || { cat err >&2; exit 1; }; }\n"
    "ec='ec -pkeyopt ec_paramgen_curve:P-256'\n"
    "openssl req -x509 -newkey $ec -nodes -keyout ca.key -out ca.pem "
    "-days \"$DAYS\" -subj '/CN=flywheel development CA' "
    "-addext basicConstraints=critical,CA:TRUE "
    "-addext keyUsage=critical,keyCertSign,cRLSign\n"
    "for who in server client; do\n"
    "  openssl req -newkey $ec -nodes -keyout $who.key -out $who.csr "
    "-subj \"/CN=flywheel $who\"\n"
    "  printf 'subjectAltName=%s\\nextendedKeyUsage=serverAuth,clientAuth\\n' "
    "\"$NAMES\" > $who.ext\n"
    "  openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key "
    "-CAcreateserial -days \"$DAYS\" -extfile $who.ext -out $who.pem\n"
    "  rm $who.csr $who.ext\n"
    "done\n"
    "rm -f ca.srl err; chmod 644 ca.pem server.pem client.pem\n";

/* "localhost and 127.0.0.1 and what the user names" as openssl wants it. */
static bool list_names(const char *host, char *out, size_t size)
{
    bool is_address = strspn(host, "0123456789.") == strlen(host) ||
                      strchr(host, ':') != NULL;
    size_t allowed = strspn(host, "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-");

    if (host[allowed] != '\0')
        return false;
    return (size_t)snprintf(out, size, "DNS:localhost,IP:127.0.0.1,IP:::1%s%s",
                            !host[0]     ? ""
                            : is_address ? ",IP:"
                                         : ",DNS:",
                            host) < size;
}

static int run_script(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int make(const struct fw_args *a, const char *folder, const char *host,
                uint64_t days)
{
    char names[512];
    char path[FW_PATH_MAX];
    char text[24];

    if (!list_names(host, names, sizeof(names)))
        return fw_args_wrong(a, "--host is a name or an address");
    if (days < 1 || days > 36500)
        return fw_args_wrong(a, "--days is 1 to 36500");
    if (mkdir(folder, 0700) && errno != EEXIST) {
        fprintf(stderr, "flywheel certs init: cannot make %s: %m\n", folder);
        return FW_CLI_FAILED;
    }
    snprintf(path, sizeof(path), "%s/ca.key", folder);
    if (access(path, F_OK) == 0) {
        fprintf(stderr,
                "flywheel certs init: %s is there already and is kept; choose "
                "another folder\n",
                path);
        return FW_CLI_FAILED;
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)days);
    setenv("DIR", folder, 1);
    setenv("DAYS", text, 1);
    setenv("NAMES", names, 1);
    if (run_script() != 0) {
        fputs("flywheel certs init: openssl failed; is it installed?\n",
              stderr);
        return FW_CLI_FAILED;
    }
    fprintf(stderr,
            "for development: ca.pem, server.pem, server.key, client.pem, "
            "client.key in %s\nserver: tls: {cert: %s/server.pem, key: "
            "%s/server.key, client_ca: %s/ca.pem}\nclients: --ca %s/ca.pem "
            "--cert %s/client.pem --key %s/client.key\n",
            folder, folder, folder, folder, folder, folder, folder);
    return FW_CLI_OK;
}

static int cmd_init(int argc, char **argv)
{
    const char *host = "";
    uint64_t days = 365;
    const struct fw_arg items[] = {
        {"host", FW_ARG_TEXT, &host, "NAME", "of the server, beside localhost"},
        {"days", FW_ARG_COUNT, &days, "N", "that they are good for (365)"},
    };
    struct fw_args a = {
        .command = "certs init",
        .operands = "DIR",
        .summary = "Make an authority, a server's and a client's certificate "
                   "with openssl.  Nothing is\noverwritten; keys are readable "
                   "by you only.",
        .examples = "  flywheel certs init certs --host gpu7.example\n",
        .min_operands = 1,
        .max_operands = 1,
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    int code;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    return make(&a, a.operand[0], host, days);
}

int fw_cmd_certs(int argc, char **argv)
{
    static const struct fw_command commands[] = {
        {"init", cmd_init, "an authority, a server's and a client's"},
        {NULL, NULL, NULL},
    };

    return fw_command_run(commands, "certs", argc, argv);
}
