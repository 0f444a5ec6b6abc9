#!/usr/bin/env bash
# Every C file is as clang-format would write it.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard '*.c' '*.h' |
    xargs clang-format-14 --dry-run --Werror
echo "format: clean"
