#!/usr/bin/python3
"""Rules of the house that no compiler knows: no file above 400 lines, no
sleeping test, no loose end, no // comment, no path of a machine."""
import pathlib
import re
import subprocess
import sys

MAX_LINES = 400
RULES = [
    # (files, pattern, what is wrong)
    (r"\.(c|h)$", re.compile(r"^\s*//|[;{}]\s*//"), "// comment: use /* */"),
    (r"\.(c|h|py|sh|proto)$", re.compile(r"\b(TODO|FIXME|XXX)\b"),
     "loose end: do it or put it into an issue"),
    (r"^tests/(unit|integration|sim|e2e)/.*",
     re.compile(r"\b(sleep|usleep|nanosleep)\s*\("),
     "a test sleeps: wait for a condition"),
    (r"^(server/(momentum|job|store|engine|show|rpc|http)|sdk)/.*\.c$",
     re.compile(r"(?<![\w_])(exit|abort|printf|puts)\s*\("),
     "exit, abort and printf belong to server/app and client"),
    (r".*", re.compile(r"/(work|root|home/[a-z]+)/[A-Za-z]"),
     "a path of one machine"),
]


def main():
    top = pathlib.Path(__file__).resolve().parents[2]
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=top, text=True,
        capture_output=True, check=True).stdout.split("\n")
    bad = files = 0
    for name in filter(None, names):
        if name == "tests/lint/house.py" or not (top / name).is_file():
            continue
        try:
            lines = (top / name).read_text().splitlines()
        except UnicodeDecodeError:
            continue
        files += 1
        if re.search(r"\.(c|h)$", name) and len(lines) > MAX_LINES:
            print(f"{name}: {len(lines)} lines: split it (wall: {MAX_LINES})")
            bad += 1
        for where, pattern, text in RULES:
            if not re.search(where, name):
                continue
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    print(f"{name}:{number}: {text}")
                    bad += 1
    print(f"house: {files} files, {bad} broken rules")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
