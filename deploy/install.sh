#!/usr/bin/env bash
# Install the Debian 12 packages flywheel needs; does nothing if they are there.
#
#   deploy/install.sh            what building and running needs
#   deploy/install.sh --tests    and what the tests need
set -euo pipefail

build=(gcc cmake ninja-build pkg-config libc6-dev
    libgrpc-dev protobuf-compiler libprotobuf-dev protobuf-c-compiler
    libprotobuf-c-dev libuv1-dev libopenblas-pthread-dev libcyaml-dev libyaml-dev
    libjansson-dev libhttp-parser-dev libxxhash-dev libsqlite3-dev zlib1g-dev
    libssl-dev openssl libncurses-dev python3)
# Intel's AES-GCM, for TLS: there is none for other processors.
[ "$(dpkg --print-architecture)" != amd64 ] || build+=(libipsec-mb-dev)
tests=(libcmocka-dev python3-grpcio python3-protobuf python3-numpy
    python3-pyte mandoc
    protobuf-compiler-grpc clang-14 clang-format-14 clang-tidy-14
    libclang-rt-14-dev cppcheck valgrind libc6-dbg git procps haproxy prometheus
    chromium nodejs)

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "$0"
}

packages=("${build[@]}")
case "${1:-}" in
"") ;;
--tests) packages+=("${tests[@]}") ;;
-h | --help) usage; exit 0 ;;
*)
    echo "install.sh: '$1' is not an option; try deploy/install.sh --help" >&2
    exit 2
    ;;
esac

missing=()
for p in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "install.sh: please install as root: ${missing[*]}" >&2
        exit 1
    }
    root=(sudo)
fi
echo "install.sh: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -qq >&2
"${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
