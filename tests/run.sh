#!/usr/bin/env bash
# Run flywheel's tests: install what they need, build, run, count.
#
#   tests/run.sh             everything a change must pass (about 15 minutes)
#   tests/run.sh --quick     formats, floors, units, services (under 3 minutes)
#   tests/run.sh --nightly   and the long ones
#   tests/run.sh --list      the steps of each
#
# Logs: build-*/ and build-logs/.  The last line is the count; the exit code is
# 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

mode=full
case "${1:-}" in
"") ;;
--quick | --nightly) mode=${1#--} ;;
--list)
    grep -oE '^ *step [a-z-]+' "$0" | sort -u
    exit 0
    ;;
-h | --help)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*)
    echo "run.sh: '$1' is not an option; try tests/run.sh --help" >&2
    exit 2
    ;;
esac

deploy/install.sh --tests || exit 1
logs=build-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
started=$SECONDS
export OPENBLAS_NUM_THREADS=1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=suppressions=$PWD/tests/support/tsan.supp:halt_on_error=0:history_size=5

# One line a step: its name, its outcome, how long it took.
report() { # NAME OUTCOME SECONDS
    printf '%-24s %-8s %4d s\n' "$1" "$2" "$3"
}

# step NAME COMMAND...: one test; its output is shown only if it fails.
step() {
    local name=$1 t=$SECONDS
    shift
    if "$@" >"$logs/$name.log" 2>&1; then
        passed=$((passed + 1))
        report "$name" passed $((SECONDS - t))
    else
        failed=$((failed + 1))
        report "$name" FAILED $((SECONDS - t))
        tail -n 60 "$logs/$name.log"
    fi
}

# suite NAME PRESET CTEST-ARGUMENTS...: build a preset and run ctest entries.
suite() {
    local name=$1 preset=$2 t=$SECONDS counts
    shift 2
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } \
        >"$logs/$name.build.log" 2>&1; then
        failed=$((failed + 1))
        report "$name" "NO BUILD" $((SECONDS - t))
        grep -E 'error|Error' -A5 "$logs/$name.build.log" | head -n 60
        return
    fi
    ctest --test-dir "build-$preset" --output-on-failure --timeout 600 \
        --output-junit "$PWD/$logs/$name.xml" "$@" >"$logs/$name.log" 2>&1
    counts=$(tests/support/count.py "$logs/$name.xml") || counts="0 1 0"
    read -r p f s <<<"$counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    report "$name" "$p/$f/$s" $((SECONDS - t))
    [ "$f" -eq 0 ] || grep -vE '^ +[0-9]+/[0-9]+ Test.*Passed' \
        "$logs/$name.log" | tail -n 150
    grep -hE 'SKIPPED:' "$logs/$name.log" | sort -u
}

echo "flywheel tests ($mode); suites show passed/failed/skipped"
step format tests/lint/format.sh
step floors tests/lint/floors.py
step house tests/lint/house.py
step reasons tests/lint/reasons.py
if [ "$mode" = quick ]; then
    suite dev dev -j2 -LE 'slow|nightly|patient'
else
    suite dev dev -j2 -LE 'slow|nightly'
fi
if [ "$mode" != quick ]; then
    suite slow dev -L slow
    step cppcheck tests/lint/cppcheck.sh build-dev
    step hardened tests/lint/hardened.sh build-dev
    step tidy tests/lint/tidy.sh build-dev
    suite asan asan -j2 -LE 'slow|nosan|nightly'
    suite tsan tsan -j2 -L 'threads' -LE 'nightly'
    step fuzz tests/fuzz/run.sh 20000 20
    step valgrind tests/support/valgrind.sh build-dev
fi
if [ "$mode" = nightly ]; then
    suite nightly dev -L nightly
    step table tests/nightly/table.py
    cat "$logs/table.log"
fi

echo "took $((SECONDS - started)) s; logs in $logs/"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
