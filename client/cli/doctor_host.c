/* doctor_check.h: this machine, and the folder of a server. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client/cli/doctor_check.h"
#include "sdk/base/clock.h"
#include "sdk/base/mem.h"

#define KIB         1024
#define PIECE_BYTES (1 << 20)
#define PIECES      64      /* of the disk's test */
#define TEST_US     5000000 /* a slow disk is believed after so long */

void fw_check_files(struct fw_visit *v)
{
    struct rlimit r = {0};

    if (getrlimit(RLIMIT_NOFILE, &r) == 0)
        fw_visit_add(v, fw_judge_files(r.rlim_cur, r.rlim_max, v->serving));
}

/* A line "NAME:  123 kB" of /proc/meminfo, in bytes; 0: not there. */
static uint64_t meminfo(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line ? strtoull(line + strlen(name), NULL, 10) * KIB : 0;
}

void fw_check_memory(struct fw_visit *v)
{
    char text[4096] = "";
    FILE *f = fopen("/proc/meminfo", "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    uint64_t total;

    if (f)
        fclose(f);
    text[n] = '\0';
    total = meminfo(text, "MemTotal:");
    if (total)
        fw_visit_add(v, fw_judge_memory(meminfo(text, "MemAvailable:"), total));
}

void fw_check_blas(struct fw_visit *v)
{
    const char *threads = getenv("OPENBLAS_NUM_THREADS");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    fw_visit_add(v, fw_judge_blas(threads ? strtoull(threads, NULL, 10) : 0,
                                  v->workers, cores > 0 ? (uint64_t)cores : 1));
}

/* Whether a server has the folder; nothing is written. */
static bool is_locked(const char *folder)
{
    char path[PATH_MAX];
    bool locked;
    int fd;

    snprintf(path, sizeof(path), "%s/lock", folder);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    locked = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

/* A folder that is not there is made by flywheeld, if its parent is. */
static void check_parent(struct fw_visit *v)
{
    char path[FW_PATH_MAX];
    const char *parent;

    snprintf(path, sizeof(path), "%s", v->config.data_dir);
    parent = dirname(path);
    if (access(parent, W_OK | X_OK))
        fw_visit_add(
            v, fw_found(FW_FOUND_FAIL, "folder",
                        "make it, owned by the user that flywheeld runs as",
                        "%s cannot be made in %s: %s", v->config.data_dir,
                        parent, strerrordesc_np(errno)));
    else
        fw_visit_add(v, fw_found(FW_FOUND_OK, "folder", "",
                                 "%s is not there yet; flywheeld makes it",
                                 v->config.data_dir));
}

void fw_check_folder(struct fw_visit *v)
{
    const char *folder = v->config.data_dir;
    struct statvfs room;
    struct stat st;

    if (stat(folder, &st)) {
        check_parent(v);
        return;
    }
    if (!S_ISDIR(st.st_mode) || access(folder, R_OK | W_OK | X_OK)) {
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "folder",
                                 "another --data, or chown and chmod 700 it",
                                 "%s: %s", folder,
                                 S_ISDIR(st.st_mode) ? strerrordesc_np(errno)
                                                     : "is no folder"));
        return;
    }
    v->running = is_locked(folder);
    fw_visit_add(v, fw_found(v->running ? FW_FOUND_WARN : FW_FOUND_OK, "folder",
                             "nothing, if that is the server you mean; a "
                             "second one needs another --data",
                             v->running ? "%s belongs to a running server"
                                        : "%s can be used",
                             folder));
    fw_visit_add(v, fw_judge_mode(folder, st.st_mode, st.st_uid == geteuid()));
    if (statvfs(folder, &room) == 0)
        fw_visit_add(
            v, fw_judge_space(folder, (uint64_t)room.f_bavail * room.f_frsize));
}

/* Write and sync until it is enough or has taken too long; bytes on disk, 0:
 * it failed. */
static uint64_t write_pieces(int fd)
{
    int64_t until = fw_clock_mono_us() + TEST_US;
    char *piece = fw_mem_array(PIECE_BYTES, 1);
    uint64_t n = 0;

    for (size_t i = 0; piece && i < PIECES && fw_clock_mono_us() < until; i++) {
        memset(piece, (int)i + 1, PIECE_BYTES); /* no disk is fast by zeros */
        if (write(fd, piece, PIECE_BYTES) != PIECE_BYTES) {
            n = 0;
            break;
        }
        n += PIECE_BYTES;
    }
    free(piece);
    return n && fsync(fd) == 0 ? n : 0;
}

void fw_check_disk(struct fw_visit *v)
{
    char path[PATH_MAX];
    char folder[FW_PATH_MAX];
    int64_t begun;
    uint64_t n;
    int fd;

    snprintf(folder, sizeof(folder), "%s", v->config.data_dir);
    snprintf(path, sizeof(path), "%s/doctor.XXXXXX",
             access(folder, F_OK) ? dirname(folder) : folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return; /* the folder's check says why */
    unlink(path);
    begun = fw_clock_mono_us();
    n = write_pieces(fd);
    if (n)
        fw_visit_add(v, fw_judge_disk(n, fw_clock_mono_us() - begun));
    else
        fw_visit_add(v, fw_found(FW_FOUND_FAIL, "disk",
                                 "free space, or another --data",
                                 "cannot write %d MiB to %s: %s", PIECES,
                                 v->config.data_dir, strerrordesc_np(errno)));
    close(fd);
}
