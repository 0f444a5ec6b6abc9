/* Every message of codec.h: what comes with all fields set goes out as the same
 * bytes; a message that was cut is refused or means something, and is safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire/pb_messages.h"
#include "tests/unit/wire/pb_sample.h"

static void every_field_of_every_message_comes_back(void **state)
{
    size_t whole = 0;

    (void)state;
    for (size_t i = 0; i < pb_messages_n; i++) {
        const struct pb_message *m = &pb_messages[i];
        struct fw_bytes in = {0};
        struct fw_bytes out = {0};
        struct fw_err err = {0};

        pb_sample(m->type, &in);
        if (m->again(in.data, in.n, &out, &err) != FW_OK)
            print_error("%s: %s\n", m->name, err.text);
        else if (out.n != in.n || memcmp(in.data, out.data, in.n) != 0)
            print_error("%s: %zu bytes came back as %zu others\n", m->name,
                        in.n, out.n);
        else
            whole++;
        fw_bytes_close(&in);
        fw_bytes_close(&out);
    }
    assert_int_equal(whole, pb_messages_n);
}

static void a_message_that_was_cut_is_refused_or_whole_again(void **state)
{
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < pb_messages_n; i++) {
        const struct pb_message *m = &pb_messages[i];
        struct fw_bytes in = {0};

        pb_sample(m->type, &in);
        for (size_t n = 0; n < in.n; n++) {
            struct fw_bytes once = {0};
            struct fw_bytes twice = {0};
            struct fw_err err = {0};
            /* Its own piece of memory: what is read behind it is found out. */
            uint8_t *cut = malloc(n ? n : 1);

            assert_non_null(cut);
            memcpy(cut, in.data, n);
            if (m->again(cut, n, &once, &err) != FW_OK) {
                refused++;
                assert_true(err.text[0] && err.reason[0]);
            } else {
                assert_int_equal(m->again(once.data, once.n, &twice, NULL),
                                 FW_OK);
                assert_int_equal(once.n, twice.n);
            }
            free(cut);
            fw_bytes_close(&once);
            fw_bytes_close(&twice);
        }
        fw_bytes_close(&in);
    }
    assert_true(refused > pb_messages_n);
}

static void a_field_that_is_not_known_is_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < pb_messages_n; i++) {
        const struct pb_message *m = &pb_messages[i];
        static const uint8_t unknown[] = {0xfa, 0xff, 0x3f, 1, 'x'};
        struct fw_bytes in = {0};
        struct fw_bytes out = {0};

        assert_int_equal(fw_bytes_append(&in, unknown, sizeof(unknown)), FW_OK);
        pb_sample(m->type, &in);
        assert_int_equal(m->again(in.data, in.n, &out, NULL), FW_OK);
        assert_int_equal(out.n, in.n - sizeof(unknown)); /* it is ignored */
        fw_bytes_close(&in);
        fw_bytes_close(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_message_comes_back),
        cmocka_unit_test(a_message_that_was_cut_is_refused_or_whole_again),
        cmocka_unit_test(a_field_that_is_not_known_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
