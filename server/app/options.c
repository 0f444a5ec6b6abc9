#include "server/app/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "server/rpc/bind.h"

#define UNIX "unix:"

static const char help[] =
    "usage: flywheeld [--config FILE] [--listen ADDRESS] [--data DIR]\n"
    "                 [--admin IP:PORT]\n"
    "\n"
    "Holds the parameters of training jobs and steps them with the gradients\n"
    "that workers push.\n"
    "\n"
    "  --config FILE          YAML: listen, local.{path,mode},\n"
    "                         data_dir, log_level,\n"
    "                         checkpoint.{interval_s,steps,keep},\n"
    "                         limits.{max_jobs,max_connections,max_per_peer,\n"
    "                         max_watchers,wave_mb_per_second,\n"
    "                         job_memory_mb,job_mb_per_second,\n"
    "                         job_gradients_per_second},\n"
    "                         tls.{cert,key,client_ca},\n"
    "                         auth.tokens, admin.{listen,token_file,hosts}\n"
    "  --listen HOST:PORT     gRPC address (127.0.0.1:7070; port 0: any free\n"
    "                         one, written to DIR/flywheeld.address; off: "
    "none)\n"
    "  --listen unix:PATH     and a socket of this machine (mode 0600, or "
    "what\n"
    "                         local.mode says); give both by two --listen\n"
    "  --data DIR             checkpoints ($FLYWHEEL_DATA, else\n"
    "                         ./flywheel-data)\n"
    "  --admin IP:PORT        HTTP for the administrator: dashboard, metrics,\n"
    "                         health (127.0.0.1:7071; port 0: any free one,\n"
    "                         written to DIR/flywheeld.admin; off: none)\n"
    "  --insecure-i-know      allow an address that others can reach although\n"
    "                         the wire is not encrypted\n"
    "  --version, --help\n"
    "\n"
    "Signals: SIGTERM and SIGINT drain, save and end; a second one ends at\n"
    "once; SIGHUP reads certificates and tokens again.\n"
    "Exit codes: 0 ended as asked, 1 failed, 2 command line, configuration or "
    "a\n"
    "file that it names, 3 cannot listen (the address is taken or not of this\n"
    "machine), 4 cannot use the data folder.\n";

struct flags {
    const char *config;
    const char *listen;
    const char *local; /* path of a socket */
    const char *data;
    const char *admin;
    bool insecure;
};

/* Does the address stay on this machine? */
static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 ||
           strncmp(address, "localhost:", 10) == 0 ||
           strncmp(address, "[::1]:", 6) == 0;
}

static bool is_off(const char *address)
{
    return strcmp(address, "off") == 0;
}

static bool read_flags(int argc, char **argv, struct flags *f, int *exit_code)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"listen", required_argument, NULL, 'l'},
        {"data", required_argument, NULL, 'd'},
        {"admin", required_argument, NULL, 'a'},
        {"insecure-i-know", no_argument, NULL, 'i'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int o;

    *exit_code = FW_EXIT_OK;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'c':
            f->config = optarg;
            break;
        case 'l':
            if (strncmp(optarg, UNIX, sizeof(UNIX) - 1) == 0)
                f->local = optarg + sizeof(UNIX) - 1;
            else
                f->listen = optarg;
            break;
        case 'd':
            f->data = optarg;
            break;
        case 'a':
            f->admin = optarg;
            break;
        case 'i':
            f->insecure = true;
            break;
        case 'v':
            printf("flywheeld %s\n", fw_version());
            return false;
        case 'h':
            fputs(help, stdout);
            return false;
        default:
            fputs("try `flywheeld --help`\n", stderr);
            *exit_code = FW_EXIT_USAGE;
            return false;
        }
    }
    return true;
}

static bool usage(int *exit_code, const char *what, const char *mend)
{
    fprintf(stderr, "flywheeld: %s%s\n", what, mend);
    *exit_code = FW_EXIT_USAGE;
    return false;
}

bool fw_options_read(int argc, char **argv, struct fw_server_config *c,
                     int *exit_code)
{
    struct flags f = {0};
    struct fw_err err;

    if (!read_flags(argc, argv, &f, exit_code))
        return false;
    if (optind < argc)
        return usage(exit_code, argv[optind],
                     " is not understood; try `flywheeld --help`");
    if (fw_server_config_load(c, f.config, &err) != FW_OK)
        return usage(exit_code, err.text, "");
    if ((f.listen && strlen(f.listen) >= sizeof(c->listen)) ||
        (f.admin && strlen(f.admin) >= sizeof(c->admin.listen)) ||
        (f.data && strlen(f.data) >= sizeof(c->data_dir)))
        return usage(exit_code, "--listen, --admin or --data", " is too long");
    if (f.listen)
        snprintf(c->listen, sizeof(c->listen), "%s", f.listen);
    if (f.admin)
        snprintf(c->admin.listen, sizeof(c->admin.listen), "%s", f.admin);
    if (f.data)
        snprintf(c->data_dir, sizeof(c->data_dir), "%s", f.data);
    if (f.local && fw_server_config_local(c, f.local, &err) != FW_OK)
        return usage(exit_code, "--listen: ", err.text);
    if (!is_off(c->listen) && fw_bind_check(c->listen, &err) != FW_OK)
        return usage(exit_code, err.text, "");
    if (is_off(c->listen) && !c->local.path[0])
        return usage(exit_code, "--listen off", " wants --listen unix:PATH");
    if (!is_off(c->admin.listen) && !is_loopback(c->admin.listen) &&
        !f.insecure)
        return usage(exit_code, c->admin.listen,
                     ": others can reach the administrator's address and it "
                     "is not encrypted; listen on 127.0.0.1 (and put a proxy "
                     "with TLS before it), or add --insecure-i-know");
    if (!is_off(c->listen) && !is_loopback(c->listen) && !c->tls.cert[0] &&
        !f.insecure)
        return usage(exit_code, c->listen,
                     ": others can reach this address and the wire is not "
                     "encrypted; configure tls, listen on 127.0.0.1, or add "
                     "--insecure-i-know inside a network that you trust");
    return true;
}
