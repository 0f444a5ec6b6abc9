#!/usr/bin/python3
"""Write the example of flywheel.h's first comment, as it is shown, to a file.

    header_example.py HEADER OUT
"""
import pathlib
import re
import sys


def example(header):
    """The lines of the first comment that are indented by five or more."""
    comment = header[:header.index("*/")]
    shown = re.findall(r"^ \*(?:     (.*)|)$", comment, re.MULTILINE)
    text = "\n".join(shown).strip("\n")
    return text[text.index("#include"):text.rindex("}") + 1] + "\n"


def main():
    header, out = map(pathlib.Path, sys.argv[1:])
    out.write_text(example(header.read_text()))


if __name__ == "__main__":
    main()
