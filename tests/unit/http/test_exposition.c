/* Metrics are written as both formats want them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/exposition.h"

static void assert_written(bool open, const char *want)
{
    struct fw_exposition e = {.open = open};
    struct fw_body *got;

    fw_exposition_family(&e, "a_jobs", FW_METRIC_GAUGE, "Jobs.");
    fw_exposition_sample(&e, "", "", 2.0);
    fw_exposition_sample(&e, "", "job=\"x\"", NAN);
    fw_exposition_family(&e, "a_steps", FW_METRIC_COUNTER, "Steps.");
    fw_exposition_sample(&e, "", "job=\"x\"", 1e15);
    fw_exposition_family(&e, "a_age", FW_METRIC_HISTOGRAM, "Age.");
    fw_exposition_sample(&e, "_bucket", "le=\"+Inf\"", 3.0);
    fw_exposition_sample(&e, "_sum", "", INFINITY);
    got = fw_exposition_end(&e);
    assert_non_null(got);
    assert_string_equal(got->data, want);
    fw_body_unref(got);
}

static void text_names_counters_with_total(void **state)
{
    (void)state;
    assert_written(false, "# HELP a_jobs Jobs.\n"
                          "# TYPE a_jobs gauge\n"
                          "a_jobs 2\n"
                          "# HELP a_steps_total Steps.\n"
                          "# TYPE a_steps_total counter\n"
                          "a_steps_total{job=\"x\"} 1000000000000000\n"
                          "# HELP a_age Age.\n"
                          "# TYPE a_age histogram\n"
                          "a_age_bucket{le=\"+Inf\"} 3\n"
                          "a_age_sum +Inf\n");
}

static void open_metrics_names_their_family_without(void **state)
{
    (void)state;
    assert_written(true, "# HELP a_jobs Jobs.\n"
                         "# TYPE a_jobs gauge\n"
                         "a_jobs 2\n"
                         "# HELP a_steps Steps.\n"
                         "# TYPE a_steps counter\n"
                         "a_steps_total{job=\"x\"} 1000000000000000\n"
                         "# HELP a_age Age.\n"
                         "# TYPE a_age histogram\n"
                         "a_age_bucket{le=\"+Inf\"} 3\n"
                         "a_age_sum +Inf\n"
                         "# EOF\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_names_counters_with_total),
        cmocka_unit_test(open_metrics_names_their_family_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
