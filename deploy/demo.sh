#!/usr/bin/env bash
# Build flywheel if needed and watch it train: a server, four workers, a CNN.
#
#   deploy/demo.sh                       data it renders itself
#   deploy/demo.sh --data idx:DIRECTORY  files of the MNIST family
#   deploy/demo.sh --workers 8 --json    more workers; the summary as JSON
#
# All other options are those of `flywheel train` (build/client/flywheel train
# --help).  Ctrl-C ends every process.
set -euo pipefail

case "${1:-}" in
-h | --help)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)

"$top/deploy/install.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "demo.sh: building (build/)" >&2
(
    cd "$top"
    [ -f build/build.ninja ] || cmake --preset release -DFW_TESTS=OFF
    cmake --build --preset release --target flywheel flywheeld
) >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    echo "demo.sh: the build failed" >&2
    exit 1
}
rm -f "$log"
trap - EXIT
export OPENBLAS_NUM_THREADS=1
exec "$top/build/client/flywheel" train --model cnn --workers 4 --law count "$@"
