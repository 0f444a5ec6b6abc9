#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over all sources: tests/lint/tidy.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/lint/tidy.sh BUILD_FOLDER}
git ls-files 'sdk/*.c' 'server/*.c' 'client/*.c' |
    xargs -P2 -n4 clang-tidy-14 -p "$build" --quiet
echo "tidy: clean"
