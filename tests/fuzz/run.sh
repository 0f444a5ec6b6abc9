#!/usr/bin/env bash
# Let libFuzzer look for inputs that break what reads data from outside.
#
#   tests/fuzz/run.sh [EXECUTIONS [SECONDS]]
#
# So many executions for each target (20,000), or so many seconds (600),
# whichever is first.  What it finds is kept in build-fuzz/found/.
set -uo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-20000} seconds=${2:-600}
found=build-fuzz/found
mkdir -p "$found"
if ! { cmake --preset fuzz && cmake --build --preset fuzz; } \
    >"$found/build.log" 2>&1; then
    tail -n 40 "$found/build.log"
    exit 1
fi
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

total=0 broken=0
for target in tests/fuzz/fuzz_*.c; do
    name=$(basename "$target" .c) name=${name#fuzz_}
    fresh=$found/$name.corpus
    mkdir -p "$fresh"
    build-fuzz/tests/fuzz/"fuzz_$name" "$fresh" "tests/fuzz/corpus/$name" \
        -runs="$runs" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/$name-" >"$found/$name.log" 2>&1
    code=$?
    n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$name.log" | head -n 1)
    if [ $code -ne 0 ]; then
        broken=$((broken + 1))
        tail -n 60 "$found/$name.log"
    fi
    printf '%-12s %9d executions, %s\n' "$name" "${n:-0}" \
        "$([ $code -eq 0 ] && echo 'nothing found' || echo 'BROKEN')"
    total=$((total + ${n:-0}))
done
echo "T5: $total executions, $broken targets broken"
[ $broken -eq 0 ]
