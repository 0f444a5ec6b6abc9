#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/doctor.h"

#define MB 1000000ULL
#define GB (1000 * MB)

/* The verdict; what is not OK has a mend and what is OK has none. */
static enum fw_verdict verdict(struct fw_finding f)
{
    assert_true(f.text[0] != '\0');
    assert_int_equal(f.mend[0] == '\0', f.verdict == FW_FOUND_OK);
    return f.verdict;
}

static void a_slow_connection_is_warned_of(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_connect("h:1", 300)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_connect("h:1", 80000)), FW_FOUND_WARN);
}

static void a_certificate_is_renewed_before_it_is_over(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_certificate("c", 300)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_certificate("c", 20)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_certificate("c", 0)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_certificate("c", -1)), FW_FOUND_FAIL);
}

static void versions_may_differ_in_their_last_number_only(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_version("1.2.3", "1.2.9")), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_version("1.2.3", "1.3.3")),
                     FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_version("1.2.3", "2.2.3")),
                     FW_FOUND_FAIL);
    assert_int_equal(verdict(fw_judge_version("1.2.3", "")), FW_FOUND_FAIL);
}

static void a_clock_is_judged_by_what_is_sure_of_it(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_clock(10000, 10100, 50)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_clock(13000, 10000, 50)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_clock(10000, 13000, 50)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_clock(13000, 10000, 1500)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_clock(1, 99000000, 50)), FW_FOUND_FAIL);
    assert_non_null(strstr(fw_judge_clock(10000, 13000, 0).text, "behind"));
}

static void a_server_that_does_not_tell_its_time_is_unknown(void **state)
{
    struct fw_finding f = fw_judge_clock(0, 10000, 50);

    (void)state;
    assert_int_equal(verdict(f), FW_FOUND_WARN);
    assert_non_null(strstr(f.text, "unknown"));
}

static void a_server_needs_more_descriptors_than_a_worker(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_files(1024, 1024, false)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_files(1024, 65536, true)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_files(20, 65536, false)), FW_FOUND_FAIL);
    assert_null(strstr(fw_judge_files(1024, 65536, true).mend, "root"));
    assert_non_null(strstr(fw_judge_files(1024, 1024, true).mend, "root"));
}

static void little_memory_is_told(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_memory(8 * GB, 16 * GB)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_memory(1 * GB, 16 * GB)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_memory(100 * MB, 512 * MB)),
                     FW_FOUND_FAIL);
}

static void workers_share_the_cores(void **state)
{
    struct fw_finding f = fw_judge_blas(0, 4, 8);

    (void)state;
    assert_int_equal(verdict(f), FW_FOUND_WARN);
    assert_string_equal(f.mend, "export OPENBLAS_NUM_THREADS=2");
    assert_int_equal(verdict(fw_judge_blas(2, 4, 8)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_blas(0, 1, 8)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_blas(16, 1, 8)), FW_FOUND_WARN);
    f = fw_judge_blas(1, 20, 8);
    assert_int_equal(verdict(f), FW_FOUND_WARN);
    assert_string_equal(f.mend, "export OPENBLAS_NUM_THREADS=1");
}

static void a_disk_is_judged_by_its_room_and_its_speed(void **state)
{
    struct fw_finding f = fw_judge_disk(64 * MB, 160000);

    (void)state;
    assert_int_equal(verdict(f), FW_FOUND_OK);
    assert_non_null(strstr(f.text, "400 MB/s"));
    assert_non_null(strstr(f.text, "0.2 s"));
    assert_int_equal(verdict(fw_judge_disk(10 * MB, 5000000)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_disk(64 * MB, 0)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_space("d", 50 * GB)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_space("d", 1 * GB)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_space("d", 0)), FW_FOUND_FAIL);
}

static void a_folder_is_for_its_owner_only(void **state)
{
    (void)state;
    assert_int_equal(verdict(fw_judge_mode("d", 040700, true)), FW_FOUND_OK);
    assert_int_equal(verdict(fw_judge_mode("d", 040750, true)), FW_FOUND_WARN);
    assert_int_equal(verdict(fw_judge_mode("d", 040700, false)), FW_FOUND_WARN);
}

static void the_worst_finding_counts(void **state)
{
    const struct fw_finding f[] = {
        fw_found(FW_FOUND_OK, "a", "", "x"),
        fw_found(FW_FOUND_FAIL, "b", "mend", "x"),
        fw_found(FW_FOUND_WARN, "c", "mend", "x"),
    };

    (void)state;
    assert_int_equal(fw_worst(f, 0), FW_FOUND_OK);
    assert_int_equal(fw_worst(f, 1), FW_FOUND_OK);
    assert_int_equal(fw_worst(f, 3), FW_FOUND_FAIL);
    assert_int_equal(fw_worst(f + 2, 1), FW_FOUND_WARN);
    assert_string_equal(fw_verdict_name(FW_FOUND_FAIL), "FAIL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_connection_is_warned_of),
        cmocka_unit_test(a_certificate_is_renewed_before_it_is_over),
        cmocka_unit_test(versions_may_differ_in_their_last_number_only),
        cmocka_unit_test(a_clock_is_judged_by_what_is_sure_of_it),
        cmocka_unit_test(a_server_that_does_not_tell_its_time_is_unknown),
        cmocka_unit_test(a_server_needs_more_descriptors_than_a_worker),
        cmocka_unit_test(little_memory_is_told),
        cmocka_unit_test(workers_share_the_cores),
        cmocka_unit_test(a_disk_is_judged_by_its_room_and_its_speed),
        cmocka_unit_test(a_folder_is_for_its_owner_only),
        cmocka_unit_test(the_worst_finding_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
