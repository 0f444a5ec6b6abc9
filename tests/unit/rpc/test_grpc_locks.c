/* What Abseil does beside locking can be turned off in Debian 12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grpc/grpc.h>

#include "server/rpc/grpc_locks.h"

static void the_search_for_deadlocks_is_found_and_ends(void **state)
{
    (void)state;
    grpc_init(); /* Abseil is there with gRPC */
    assert_true(fw_grpc_locks_relax());
    grpc_shutdown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_for_deadlocks_is_found_and_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
