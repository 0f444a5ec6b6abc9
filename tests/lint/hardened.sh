#!/usr/bin/env bash
# Read the built programs: position independent, full RELRO, no executable
# stack, stack protector (docs/security.md).
#
#   tests/lint/hardened.sh BUILD-DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/lint/hardened.sh BUILD-DIRECTORY}
broken=0

# want FILE WHAT COMMAND...: the command must succeed.
want() {
    local file=$1 what=$2
    shift 2
    "$@" >/dev/null || {
        echo "$file: no $what"
        broken=$((broken + 1))
    }
}

lacks() { ! grep -E "$1" <<<"$2"; }
has() { grep -E "$1" <<<"$2"; }

for file in "$build"/server/flywheeld "$build"/client/flywheel \
    "$build"/sdk/libflywheel.so; do
    [ -e "$file" ] || { echo "$file: not built" >&2; exit 1; }
    all=$(readelf -W -h -l -d -n --dyn-syms "$file")
    want "$file" "position independence" has 'Type: +DYN' "$all"
    want "$file" "RELRO" has 'GNU_RELRO' "$all"
    want "$file" "immediate binding" has 'BIND_NOW|FLAGS.*NOW' "$all"
    want "$file" "stack without execution" lacks 'GNU_STACK.*RWE' "$all"
    want "$file" "stack protector" has '__stack_chk_fail' "$all"
done
echo "hardened: $broken protections missing"
[ "$broken" -eq 0 ]
