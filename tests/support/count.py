#!/usr/bin/python3
"""Print "passed failed skipped" of a JUnit file that ctest wrote.

A ctest entry counts once, whatever it holds; one that could not start failed.
"""
import sys
import xml.etree.ElementTree as tree


def main():
    counts = {"run": 0, "fail": 0, "skip": 0}
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        status = case.get("status")
        if status == "run":
            counts["run"] += 1
        elif status in ("disabled", "notrun") and case.find("skipped") is not None:
            counts["skip"] += 1
        else:
            counts["fail"] += 1
    print(counts["run"], counts["fail"], counts["skip"])


if __name__ == "__main__":
    main()
