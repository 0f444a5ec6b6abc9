#!/usr/bin/python3
"""Write the manual pages: what the programs say of themselves, as roff.

    man/generate.py FLYWHEEL FLYWHEELD OUT

makes OUT/man1/flywheel*.1, one for each command and group (`flywheel COMMAND
--help=man`), and OUT/man8/flywheeld.8 from `flywheeld --help`."""
import os
import pathlib
import re
import shutil
import subprocess
import sys


def say(*words):
    # Sanitizers look for leaks in tests, not while things are built.
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    return subprocess.run(words, text=True, check=True, env=env,
                          stdout=subprocess.PIPE).stdout


def commands(flywheel, words=()):
    """Every command and group below `words`, itself first."""
    yield words
    for name in say(flywheel, *words, "--help=commands").split():
        yield from commands(flywheel, (*words, name))


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def daemon_page(text, head):
    """`flywheeld --help` as a page; `head` is the .TH line of flywheel.1."""
    usage, about, *rest = text.strip("\n").split("\n\n")
    options, *after = rest
    out = [head.replace("FLYWHEEL 1", "FLYWHEELD 8"), ".ad l", ".SH NAME",
           "flywheeld \\- hold the parameters of training jobs",
           ".SH SYNOPSIS", ".B flywheeld",
           roff(" ".join(usage.split()[2:])), ".SH DESCRIPTION", roff(about),
           ".SH OPTIONS"]
    for line in options.splitlines():
        found = re.match(r"  (--\S+(?: \S+)*)(?:  +(.*))?$", line)
        if found:
            out += [".TP", f"\\fB{roff(found[1])}\\fR", roff(found[2] or "")]
        else:
            out.append(roff(line.strip()))
    if options.rstrip().endswith("--version, --help"):
        out[-1] = "Say what it is, or this, and end."
    out.append(".SH SIGNALS AND EXIT STATUS")
    out += [roff(part) for part in after]
    out += [".SH SEE ALSO", ".BR flywheel (1)"]
    return "\n".join(out) + "\n"


def main():
    flywheel, flywheeld, out = sys.argv[1:]
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("man1", "man8"):
        (pathlib.Path(out) / folder).mkdir(parents=True)
    for words in commands(flywheel):
        page = say(flywheel, *words, "--help=man")
        name = "-".join(("flywheel", *words)) + ".1"
        (pathlib.Path(out) / "man1" / name).write_text(page)
    head = (pathlib.Path(out) / "man1/flywheel.1").read_text().splitlines()[0]
    (pathlib.Path(out) / "man8/flywheeld.8").write_text(
        daemon_page(say(flywheeld, "--help"), head))


if __name__ == "__main__":
    main()
