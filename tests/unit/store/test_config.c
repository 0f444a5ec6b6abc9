/* A configuration is read, or its mistake is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/config.h"
#include "tests/unit/store/fixture.h"

static fw_status load(void **state, const char *text,
                      struct fw_server_config *c, struct fw_err *err)
{
    char *path = fixture_path(*state, "flywheel.yaml");
    fw_status s;

    write_all(path, text, strlen(text));
    s = fw_server_config_load(c, path, err);
    free(path);
    return s;
}

static void assert_defaults(const struct fw_server_config *c)
{
    assert_string_equal(c->listen, "127.0.0.1:7070");
    assert_string_equal(c->data_dir, "./flywheel-data");
    assert_int_equal(c->log_level, FW_LOG_INFO);
    assert_int_equal(c->checkpoint_interval_s, 30);
    assert_int_equal(c->checkpoint_keep, 3);
    assert_int_equal(c->max_jobs, 64);
    assert_int_equal(c->wave_mb_per_second, 400);
    assert_int_equal(c->deadlines.handshake_ms, 3000);
    assert_int_equal(c->deadlines.first_call_ms, 5000);
    assert_int_equal(c->deadlines.progress_ms, 10000);
    assert_int_equal(c->deadlines.progress_bytes, 10240);
    assert_int_equal(c->deadlines.unread_ms, 30000);
    assert_int_equal(c->deadlines.read_mb_per_second, 1);
    assert_int_equal(c->deadlines.idle_ms, 20000);
    assert_string_equal(c->local.path, "");
    assert_int_equal(c->local.mode, 0600);
    assert_string_equal(c->admin.listen, "127.0.0.1:7071");
    assert_string_equal(c->admin.token_file, "");
    assert_int_equal(c->admin.n_hosts, 0);
    assert_true(c->history.enabled);
    assert_int_equal(c->history.interval_ms, 1000);
    assert_int_equal(c->history.keep_days, 30);
    assert_int_equal(c->history.max_mb, 512);
}

static void a_socket_is_configured(void **state)
{
    struct fw_server_config c;
    struct fw_err err;

    assert_int_equal(load(state,
                          "listen: off\n"
                          "local: {path: /run/fw.sock, mode: 0660}\n",
                          &c, NULL),
                     FW_OK);
    assert_string_equal(c.listen, "off");
    assert_string_equal(c.local.path, "/run/fw.sock");
    assert_int_equal(c.local.mode, 0660);
    assert_int_equal(load(state, "local:\n  path: fw.sock\n", &c, &err),
                     FW_INVALID);
    assert_non_null(strstr(err.text, "line 2: a socket's path begins with /"));
    assert_int_equal(load(state, "local:\n  mode: 0777\n", &c, &err),
                     FW_INVALID);
    assert_non_null(strstr(err.text, "mode"));
}

static void the_history_is_configured(void **state)
{
    struct fw_server_config c;
    struct fw_err err;

    assert_int_equal(load(state,
                          "history: {enabled: false, interval_ms: 100,\n"
                          "  keep_days: 7, max_mb: 9}\n",
                          &c, NULL),
                     FW_OK);
    assert_false(c.history.enabled);
    assert_int_equal(c.history.interval_ms, 100);
    assert_int_equal(c.history.keep_days, 7);
    assert_int_equal(c.history.max_mb, 9);
    assert_int_equal(load(state, "history:\n  keep_days: 0\n", &c, &err),
                     FW_INVALID);
    assert_non_null(strstr(err.text, "line 2: history.keep_days"));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            load(state,
                 i ? "history: {enabled: On}\n" : "history: {enabled: off}\n",
                 &c, NULL),
            FW_OK);
        assert_int_equal(c.history.enabled, i);
    }
}

static void without_a_file_or_keys_defaults_hold(void **state)
{
    static const char *const empty[] = {"", "# nothing\n", "checkpoint: {}\n"};
    struct fw_server_config c;

    unsetenv("FLYWHEEL_DATA");
    assert_int_equal(fw_server_config_load(&c, NULL, NULL), FW_OK);
    assert_defaults(&c);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(load(state, empty[i], &c, NULL), FW_OK);
        assert_defaults(&c);
    }
}

static void the_environment_names_the_data_folder(void **state)
{
    struct fw_server_config c;

    setenv("FLYWHEEL_DATA", "/elsewhere", 1);
    assert_int_equal(fw_server_config_load(&c, NULL, NULL), FW_OK);
    assert_string_equal(c.data_dir, "/elsewhere");
    assert_int_equal(load(state, "data_dir: here\n", &c, NULL), FW_OK);
    assert_string_equal(c.data_dir, "here");
    unsetenv("FLYWHEEL_DATA");
}

static void every_key_is_taken(void **state)
{
    struct fw_server_config c;

    assert_int_equal(load(state,
                          "listen: \"[::1]:0\"\n"
                          "data_dir: d\n"
                          "log_level: warn\n"
                          "checkpoint:\n"
                          "  interval_s: 0\n"
                          "  keep: 7\n"
                          "limits: {max_jobs: 2, max_watchers: 9,\n"
                          "  handshake_ms: 100, wave_mb_per_second: 5,\n"
                          "  job_memory_mb: 5000, job_mb_per_second: 6,\n"
                          "  job_gradients_per_second: 7,\n"
                          "  first_call_ms: 101, progress_ms: 102,\n"
                          "  progress_bytes: 1, unread_ms: 104, idle_ms: 103,\n"
                          "  read_mb_per_second: 8}\n"
                          "admin:\n"
                          "  listen: off\n"
                          "  token_file: t\n"
                          "  hosts: [a.example, b.example]\n",
                          &c, NULL),
                     FW_OK);
    assert_string_equal(c.admin.listen, "off");
    assert_string_equal(c.admin.token_file, "t");
    assert_int_equal(c.admin.n_hosts, 2);
    assert_string_equal(c.admin.hosts[1], "b.example");
    assert_string_equal(c.listen, "[::1]:0");
    assert_string_equal(c.data_dir, "d");
    assert_int_equal(c.log_level, FW_LOG_WARN);
    assert_int_equal(c.checkpoint_interval_s, 0);
    assert_int_equal(c.checkpoint_keep, 7);
    assert_int_equal(c.max_jobs, 2);
    assert_int_equal(c.wave_mb_per_second, 5);
    assert_int_equal(c.max_watchers, 9);
    assert_int_equal(c.caps.memory_bytes, 5000ll << 20);
    assert_int_equal(c.caps.bytes_per_second, 6 << 20);
    assert_true(c.caps.gradients_per_second == 7.0);
    assert_int_equal(c.deadlines.handshake_ms, 100);
    assert_int_equal(c.deadlines.first_call_ms, 101);
    assert_int_equal(c.deadlines.progress_ms, 102);
    assert_int_equal(c.deadlines.progress_bytes, 1);
    assert_int_equal(c.deadlines.unread_ms, 104);
    assert_int_equal(c.deadlines.read_mb_per_second, 8);
    assert_int_equal(c.deadlines.idle_ms, 103);
}

static void a_mistake_is_named_with_file_and_line(void **state)
{
    static const struct {
        const char *text;
        const char *line;
        const char *word;
    } bad[] = {
        {"lisen: 127.0.0.1:1\n", "line 1:", "there is no key 'lisen'"},
        {"# one\n\nlisten: 127.0.0.1:1\n\n# two\nspeed: 9\n",
         "line 6:", "no key 'speed'"},
        {"listen: a:1\ncheckpoint:\n  keep: 2\n  kep: 2\n",
         "line 4:", "no key 'kep' in checkpoint"},
        {"keep: 2\n", "line 1:", "no key 'keep'"},
        {"checkpoint:\n  keep: 2\nlimits:\n  keep: 2\n", "line 4:", "keep"},
        {"listen: a:1\nlog_level: info\nlisten: b:1\n",
         "line 3:", ": listen is there twice"},
        {"limits:\n  max_jobs: 3\n  idle_ms: 500\n  max_jobs: 3\n",
         "line 4:", ": limits.max_jobs is there twice"},
        {"listen: a:1\nlog_level: loud\n",
         "line 2:", "log_level is 'loud': want debug, info, warn or error"},
        {"log_level: [info]\n", "line 1:", "log_level is a list: want debug, "},
        {"local: {mode: 0777}\n", "line 1:", "'0777': want 0600 or 0660"},
        {"limits:\n  max_jobs: many\n", "line 2:",
         "limits.max_jobs is 'many': want a whole number from 1 to "},
        {"limits:\n  max_jobs: -1\n", "line 2:", "max_jobs is '-1': want"},
        {"limits:\n  max_jobs: 1.5\n", "line 2:", "max_jobs is '1.5': want"},
        {"limits:\n  max_jobs: 8k\n", "line 2:", "max_jobs is '8k': want"},
        {"limits:\n  max_jobs:\n", "line 2:", "max_jobs is '': want"},
        {"limits:\n  max_jobs: [1]\n",
         "line 2:", "limits.max_jobs is a list: want one value"},
        {"limits:\n  max_jobs: {a: 1}\n",
         "line 2:", "limits.max_jobs is keys with values: want one value"},
        {"limits:\n  max_jobs: 0\n", "line 2:", "max_jobs is 0"},
        {"limits:\n  max_jobs: 10001\n", "line 2:", "not in 1 to 10000"},
        {"limits:\n  idle_ms: 99\n", "line 2:", "not in 100 to 86400000"},
        {"\ncheckpoint:\n\n  keep: 0\n", "line 4:", "keep is 0"},
        {"listen: a:1\ncheckpoint: {steps: 1, keep: 0}\n",
         "line 2:", "checkpoint.keep is 0"},
        {"history:\n  enabled: maybe\n",
         "line 2:", "history.enabled is 'maybe': want true or false"},
        {"limits: 5\n",
         "line 1:", "limits is one value or nothing: want keys with values"},
        {"tls: [1]\n", "line 1:", "tls is a list: want keys with values"},
        {"listen: {a: 1}\n", "line 1:", "listen is keys with values: want one"},
        {"listen:\n", "line 1:", "listen is empty: want a value"},
        {"admin:\n  hosts: a.example\n",
         "line 2:", "admin.hosts is one value or nothing: want a list"},
        {"data_dir: x\nlisten: nowhere\n", "line 2:", "host:port"},
        {"admin:\n  lsten: off\n", "line 2:", "no key 'lsten' in admin"},
        {"- listen\n", "flywheel.yaml: the file", "is a list: want keys"},
        {"listen: a:1\n  data_dir: b\n", "line", "mapping values are not"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fw_server_config c;
        struct fw_err err = {0};

        assert_int_equal(load(state, bad[i].text, &c, &err), FW_INVALID);
        if (!strstr(err.text, bad[i].line) || !strstr(err.text, bad[i].word) ||
            !strstr(err.text, "flywheel.yaml: "))
            fail_msg("case %zu: %s", i, err.text);
        assert_defaults(&c);
    }
}

static void aliases_are_refused(void **state)
{
    struct fw_server_config c;

    assert_int_equal(load(state, "listen: &a x:1\ndata_dir: *a\n", &c, NULL),
                     FW_INVALID);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct fw_server_config c;
    struct fw_err err;
    char *path = fixture_path(*state, "none.yaml");

    assert_int_equal(fw_server_config_load(&c, path, &err), FW_NOT_FOUND);
    assert_non_null(strstr(err.text, "none.yaml: cannot open"));
    assert_int_equal(
        fw_server_config_load(&c, ((struct fixture *)*state)->folder, &err),
        FW_IO);
    free(path);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(a_socket_is_configured),
        cmocka_unit_test_setup_teardown(the_history_is_configured, fixture_open,
                                        fixture_close),
        TEST(without_a_file_or_keys_defaults_hold),
        TEST(the_environment_names_the_data_folder),
        TEST(every_key_is_taken),
        TEST(a_mistake_is_named_with_file_and_line),
        TEST(aliases_are_refused),
        TEST(a_file_that_is_not_there_is_named),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
