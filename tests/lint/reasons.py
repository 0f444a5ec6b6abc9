#!/usr/bin/python3
"""The reasons that docs/protocol.md explains are those of sdk/wire/reason.h,
with the same gRPC codes; sdk/python has the same mends."""
import pathlib
import re
import runpy
import sys

CODES = {3: "INVALID_ARGUMENT", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
         7: "PERMISSION_DENIED",
         8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED",
         12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE",
         16: "UNAUTHENTICATED"}


def main():
    top = pathlib.Path(__file__).resolve().parents[2]
    header = (top / "sdk/wire/reason.h").read_text()
    page = (top / "docs/protocol.md").read_text()
    code = {m[0]: CODES[int(m[2])] for m in
            re.findall(r"X\((\w+), (\w+), (\d+)\)", header)}
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.M))
    for name in sorted(code.keys() | told.keys()):
        if code.get(name) != told.get(name):
            print(f"{name}: reason.h says {code.get(name)}, "
                  f"docs/protocol.md {told.get(name)}")
    mends = {name: mend.replace("`", "") for name, mend in re.findall(
        r"^\| `(\w+)` \| [A-Z_]+ \| (.*?) \|$", page, re.M)}
    python = runpy.run_path(
        str(top / "sdk/python/flywheel/errors.py"))["MENDS"]
    for name in sorted(mends.keys() | python.keys()):
        if mends.get(name) != python.get(name):
            print(f"{name}: docs/protocol.md says '{mends.get(name)}', "
                  f"sdk/python/flywheel/errors.py '{python.get(name)}'")
    print(f"reasons: {len(code)} in the code, {len(told)} explained")
    return 0 if code and code == told and mends == python else 1


if __name__ == "__main__":
    sys.exit(main())
