/* Options of any version are completed, and what is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/name.h"
#include "sdk/client/options.h"

static struct fw_worker_options valid(void)
{
    struct fw_worker_options o;

    fw_worker_options_init(&o, sizeof(o));
    o.job = "job";
    return o;
}

static void init_fills_in_the_defaults(void **state)
{
    struct fw_worker_options o;

    (void)state;
    memset(&o, 0xff, sizeof(o));
    fw_worker_options_init(&o, sizeof(o));
    assert_int_equal(o.size, sizeof(o));
    assert_string_equal(o.address, "127.0.0.1:7070");
    assert_int_equal(o.wire_dtype, FW_DTYPE_F32);
    assert_int_equal(o.timeout_ms, 30000);
    assert_null(o.job);
    assert_null(o.log);
}

static void init_writes_no_more_than_an_older_caller_has(void **state)
{
    struct fw_worker_options o;
    size_t older = offsetof(struct fw_worker_options, timeout_ms);

    (void)state;
    o.timeout_ms = 77;
    fw_worker_options_init(&o, older);
    assert_int_equal(o.size, older);
    assert_int_equal(o.timeout_ms, 77);
}

static void a_newer_caller_that_asks_for_no_more_is_served(void **state)
{
    struct {
        struct fw_worker_options known;
        uint64_t later;
    } newer;
    struct fw_worker_options full;
    struct fw_err err;

    (void)state;
    fw_worker_options_init(&newer.known, sizeof(newer));
    newer.known.job = "job";
    assert_int_equal(newer.later, 0);
    assert_int_equal(fw_options_take(&newer.known, &full, &err), FW_OK);
    assert_int_equal(full.size, sizeof(full));
    newer.later = 1;
    assert_int_equal(fw_options_take(&newer.known, &full, &err),
                     FW_UNSUPPORTED);
}

static void options_that_were_not_initialised_are_refused(void **state)
{
    struct fw_worker_options o = {.job = "job"};
    struct fw_worker_options full;
    struct fw_err err;

    (void)state;
    assert_int_equal(fw_options_take(&o, &full, &err), FW_INVALID);
    assert_non_null(strstr(err.text, "fw_worker_options_init"));
}

static void wrong_options_are_named(void **state)
{
    static const float some[1];
    struct {
        const char *field;
        struct fw_worker_options o;
    } cases[] = {
        {"options.job", valid()},     {"options.job", valid()},
        {"options.name", valid()},    {"options.tensors", valid()},
        {"options.initial", valid()}, {"options.wire_dtype", valid()},
    };

    (void)state;
    cases[0].o.job = NULL;
    cases[1].o.job = "../passwd";
    cases[2].o.name = "a b";
    cases[3].o.n_tensors = 1;
    cases[4].o.initial = some;
    cases[5].o.wire_dtype = (enum fw_dtype)9;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fw_worker_options full;
        struct fw_err err;

        assert_int_equal(fw_options_take(&cases[i].o, &full, &err), FW_INVALID);
        assert_non_null(strstr(err.text, cases[i].field));
    }
}

static void made_up_names_are_valid_and_differ(void **state)
{
    struct fw_worker_options o = valid();
    struct fw_join_request a = {0};
    struct fw_join_request b = {0};

    (void)state;
    assert_int_equal(fw_options_join(&o, UINT64_MAX, &a, NULL), FW_OK);
    assert_int_equal(fw_options_join(&o, UINT64_MAX - 1, &b, NULL), FW_OK);
    assert_true(fw_name_valid(a.worker));
    assert_true(fw_name_valid(b.worker));
    assert_string_not_equal(a.worker, b.worker);
    fw_join_request_close(&a);
    fw_join_request_close(&b);
}

static void tensors_are_copied_and_checked(void **state)
{
    struct fw_tensor tensors[] = {{"w", 2, {3, 4}}, {"b", 0, {0}}};
    struct fw_worker_options o = valid();
    struct fw_join_request join = {0};
    struct fw_err err;

    (void)state;
    o.tensors = tensors;
    o.n_tensors = 2;
    assert_int_equal(fw_options_join(&o, 1, &join, &err), FW_OK);
    assert_int_equal(fw_tensor_list_elements(&join.tensors), 13);
    assert_string_equal(join.tensors.items[1].name, "b");
    fw_join_request_close(&join);
    tensors[1].rank = FW_RANK_MAX + 1;
    assert_int_equal(fw_options_join(&o, 1, &join, &err), FW_INVALID);
    assert_non_null(strstr(err.text, "tensor 1"));
    fw_join_request_close(&join);
    tensors[1] = tensors[0];
    assert_int_equal(fw_options_join(&o, 1, &join, &err), FW_INVALID);
    fw_join_request_close(&join);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_fills_in_the_defaults),
        cmocka_unit_test(init_writes_no_more_than_an_older_caller_has),
        cmocka_unit_test(a_newer_caller_that_asks_for_no_more_is_served),
        cmocka_unit_test(options_that_were_not_initialised_are_refused),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(made_up_names_are_valid_and_differ),
        cmocka_unit_test(tensors_are_copied_and_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
