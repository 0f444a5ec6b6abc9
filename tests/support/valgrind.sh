#!/usr/bin/env bash
# Unit tests of the floors below gRPC under valgrind: no error, no leak.
#
#   tests/support/valgrind.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/support/valgrind.sh BUILD_FOLDER}
n=0
for program in "$build"/tests/unit_{base,wire,job,store,data}_*; do
    [ -x "$program" ] || continue
    case $program in *_slow*) continue ;; esac
    echo "valgrind: $program"
    status=0
    FW_VALGRIND=1 valgrind --quiet --leak-check=full --error-exitcode=99 \
        "$program" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || exit 1
    n=$((n + 1))
done
[ "$n" -gt 0 ] || { echo "valgrind: nothing to run"; exit 1; }
echo "valgrind: $n programs clean"
