#!/usr/bin/python3
"""Read every include line and fail on one that goes up, sideways or through
a wrong door (docs/architecture.md, "Floors" and "Doors").

    tests/lint/floors.py            check the repository this file lies in
    tests/lint/floors.py --self-test
"""
import pathlib
import re
import sys

FLOORS = {
    "sdk/base": 0,
    "server/momentum": 2, "sdk/wire": 2,
    "server/job": 3,
    "server/store": 4,
    "server/engine": 5,
    "server/show": 5.5,
    "server/rpc": 6, "server/http": 6, "sdk/client": 6,
    "server/app": 7,
    "client/data": 7, "client/nets": 7, "client/worker": 7, "client/lab": 7,
    "client/cli": 7,
}
# Rooms of the client's floor, in the order in which they may use each other.
CLIENT = ["client/data", "client/nets", "client/worker", "client/lab",
          "client/cli"]
# pattern of a foreign header -> places that may include it
DOORS = {
    r"^grpc/(?!.*pb-c)": ["server/rpc/", "sdk/client/", "sdk/wire/grpc_glue."],
    r"^uv\.h$": ["server/engine/", "server/http/", "server/app/"],
    r"^http_parser\.h$": ["server/http/"],
    r"^(cblas|openblas.*|lapacke?)\.h$": ["client/nets/"],
    r"(\.pb-c\.h|^protobuf-c/.*)$": ["sdk/wire/"],
    r"^sqlite3\.h$": ["server/store/history"],
    r"^openssl/": ["server/store/tokens.", "client/cli/doctor_tls.",
                    "sdk/wire/tls", "sdk/wire/pipe_tls."],
    r"^intel-ipsec-mb\.h$": ["sdk/wire/tls_gcm."],
    r"^cyaml/": ["server/store/config"],
    r"^yaml\.h$": ["client/cli/job_file."],
    r"^(n?cursesw?/)?(n?curses|term|panel)\.h$": ["client/cli/top_screen."],
    r"^jansson\.h$": ["server/store/", "server/show/", "server/http/",
                      "client/"],
    r"^zlib\.h$": ["client/data/"],
    r"^xxhash\.h$": ["server/store/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    return "/".join(path.split("/")[:2])


def complaint(source, target):
    """What is wrong with `source` including the project file `target`."""
    here, there = room_of(source), room_of(target)
    if here == there:
        return None
    if there not in FLOORS:
        return f"'{there}' is not a room of the house"
    if here in CLIENT and there in CLIENT:
        ok = CLIENT.index(there) < CLIENT.index(here)
        return None if ok else f"{here} may not use {there}"
    if FLOORS[there] > FLOORS[here]:
        return f"upward: floor {FLOORS[here]} includes floor {FLOORS[there]}"
    if FLOORS[there] == FLOORS[here]:
        return f"sideways: {here} and {there} are neighbours"
    return None


def wrong_door(source, header):
    """What is wrong with `source` including the foreign `header`."""
    for pattern, places in DOORS.items():
        if re.search(pattern, header):
            if not any(source.startswith(p) for p in places):
                return f"<{header}> may be included only in {', '.join(places)}"
    return None


def check(source, text):
    """Yield (line, complaint) for one file."""
    for number, line in enumerate(text.splitlines(), 1):
        m = INCLUDE.match(line)
        if not m:
            continue
        name = m.group(2)
        bad = wrong_door(source, name)
        if not bad and m.group(1) == '"' and not name.endswith(".pb-c.h"):
            bad = complaint(source, name)
        if bad:
            yield number, bad


def self_test():
    cases = [
        ("server/job/job.c", '#include "server/rpc/call.h"', "upward"),
        ("server/momentum/laws.c", '#include "sdk/wire/codec.h"', "sideways"),
        ("server/job/job.c", "#include <grpc/grpc.h>", "only in"),
        ("client/data/idx.c", '#include "client/cli/args.h"', "may not use"),
        ("sdk/wire/codec.c", '#include "job.h"', "not a room"),
        ("server/job/job.c", '#include "sdk/wire/chunk.h"', None),
        ("client/cli/main.c", '#include "client/worker/worker.h"', None),
        ("sdk/wire/codec.c", '#include "grpc/health.pb-c.h"', None),
    ]
    for source, line, want in cases:
        got = [c for _, c in check(source, line)]
        assert bool(got) == bool(want), (source, line, got)
        assert want is None or want in got[0], (source, line, got)


def main():
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    top = pathlib.Path(__file__).resolve().parents[2]
    bad = files = 0
    for room in FLOORS:
        for path in sorted((top / room).glob("*.[ch]")):
            files += 1
            source = path.relative_to(top).as_posix()
            for number, text in check(source, path.read_text()):
                print(f"{source}:{number}: {text}")
                bad += 1
    print(f"floors: {files} files, {bad} wrong includes")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
