#!/usr/bin/python3
"""Read a safetensors file with nothing of flywheel: one line a tensor, with
its shape and its values, and one line a metadata text.

    tests/support/read_safetensors.py FILE
"""
import json
import struct
import sys

import numpy


def main(path):
    with open(path, "rb") as file:
        raw = file.read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + n])
    data = raw[8 + n:]
    if (8 + n) % 8:
        sys.exit("the data is not aligned")
    for key, text in sorted(header.pop("__metadata__", {}).items()):
        print(f"text {key} {text}")
    for name, entry in sorted(header.items()):
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f4"}[entry["dtype"]]
        x = numpy.frombuffer(data[begin:end], kind).reshape(entry["shape"])
        values = " ".join(f"{v:.9g}" for v in x.ravel())
        print(f"tensor {name} {list(x.shape)} {values}")


if __name__ == "__main__":
    main(sys.argv[1])
