#!/usr/bin/env bash
# Train a small convolutional network: a server, four workers, live progress.
#
#   deploy/demo.sh                     rendered digits; nothing is downloaded
#   deploy/demo.sh --data idx:DIR      files of the MNIST family
#   deploy/demo.sh --json              the result as JSON on stdout
#
# All other flags are those of `flywheel train` (see its --help).  Ctrl-C stops
# every process.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

case "${1:-}" in
-h | --help)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

"$here/deploy/install.sh"
if ! [ -x "$here/build/client/flywheel" ] ||
    [ -n "$(find "$here/sdk" "$here/server" "$here/client" "$here/proto" \
        -newer "$here/build/client/flywheel" -type f -print -quit)" ]; then
    echo "demo.sh: building into build/ (about a minute)" >&2
    (cd "$here" && cmake --preset release -DFW_TESTS=OFF &&
        cmake --build --preset release) >"${TMPDIR:-/tmp}/flywheel-build.log" 2>&1 || {
        tail -n 40 "${TMPDIR:-/tmp}/flywheel-build.log" >&2
        exit 1
    }
fi
exec "$here/build/client/flywheel" train --model cnn --workers 4 --law count "$@"
