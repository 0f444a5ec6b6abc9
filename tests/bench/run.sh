#!/usr/bin/env bash
# Measure flywheel's data plane against a raw TCP server and its peers.
#
#   tests/bench/run.sh                  all, medians of 5 (about 15 minutes)
#   tests/bench/run.sh --quick          once each, in under 2 minutes
#   tests/bench/run.sh --peer NAME='COMMAND'   a further peer: a program that
#       finds BENCH_ELEMENTS, BENCH_WORKERS and BENCH_SECONDS in its
#       environment and prints its rounds/s as the last word
#   --sizes 25M,1M,10k  --workers 1,4  --repeats N  --seconds S
#   --only PEER,...     these and the yardstick
#   --link RATE         not a loopback but a wire, as 10gbit or 1gbit, which both
#                       directions share (tc of iproute2)
#   --build DIR         built programs (default: build, which is built first)
#   --out DIR           for rounds.json, rounds.md, rounds.svg (build-bench)
#
# Runs in a network namespace of its own, where the loopback's congestion
# control is reno; says so if the machine does not allow one.  Peers that are
# not installed (python3-grpcio, python3-torch) are skipped loudly.
set -euo pipefail
cd "$(dirname "$0")/../.."

for a in "$@"; do
    case "$a" in
    -h | --help)
        sed -n '2,20s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    esac
done
case " $* " in
*" --build"*) ;;
*)
    { cmake --preset release && cmake --build --preset release --target \
        flywheeld flywheel bench_raw_tcp bench_rounds; } >&2
    ;;
esac

driver=(/usr/bin/python3 -B tests/bench/driver.py "$@")
for private in "unshare -n" "unshare -rn"; do
    if $private true 2>/dev/null; then
        exec $private "${driver[@]}" --namespace private
    fi
done
echo "NOTICE: no private network namespace here: figures share the machine's" >&2
exec "${driver[@]}" --namespace shared
