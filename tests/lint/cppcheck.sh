#!/usr/bin/env bash
# cppcheck over all sources: tests/lint/cppcheck.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/lint/cppcheck.sh BUILD_FOLDER}
mkdir -p "$build/cppcheck"
# Suppressed, each for a reason:
#   ctuuninitvar, legacyUninitvar   cppcheck 2.10 takes out-parameters and
#                                   designated initialisers for reads
#   autoVariables in reflection.c   the pointer is packed before its target ends
#   subtractPointers, comparePointers in descriptors.c: two labels of one object
git ls-files 'sdk/*.c' 'server/*.c' 'client/*.c' |
    xargs cppcheck --quiet --std=c11 --language=c --error-exitcode=1 -j2 \
        --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=unknownMacro \
        --suppress=ctuuninitvar --suppress=legacyUninitvar \
        --suppress=autoVariables:sdk/wire/reflection.c \
        --suppress=subtractPointers:sdk/wire/descriptors.c \
        --suppress=comparePointers:sdk/wire/descriptors.c \
        --cppcheck-build-dir="$build/cppcheck" -I. -Isdk/include -D_GNU_SOURCE
echo "cppcheck: clean"
