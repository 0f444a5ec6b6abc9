#!/usr/bin/python3
"""Write the seeds of fuzz_codec anew: every message with all fields set.

    tests/fuzz/seeds.py        after a change of FW_CODEC_MAP or of a proto"""
import importlib
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/support"))
import flywheel_test as ft  # noqa: E402

from google.protobuf.descriptor import FieldDescriptor as F  # noqa: E402

DEPTH = 4  # of messages in messages


def value(f):
    if f.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return 0.25
    if f.type == F.TYPE_BOOL:
        return True
    if f.type == F.TYPE_STRING:
        return "w1"
    if f.type == F.TYPE_BYTES:
        return bytes(range(16))
    if f.type == F.TYPE_ENUM:
        return f.enum_type.values[1].number
    return 3


def fill(m, depth=0):
    for f in m.DESCRIPTOR.fields:
        many = f.label == F.LABEL_REPEATED
        if f.message_type and depth == DEPTH:
            continue
        if f.message_type:
            part = getattr(m, f.name)
            part = part.add() if many else part
            part.SetInParent()
            fill(part, depth + 1)
        elif many:
            getattr(m, f.name).append(value(f))
        else:
            setattr(m, f.name, value(f))
    return m


def main():
    stubs = ft.stubs()
    modules = [importlib.import_module(f"flywheel.v1.{p.stem}_pb2")
               for p in (TOP / "proto/flywheel/v1").glob("*.proto")]
    names = re.findall(r"^\s+X\((\w+),",
                       (TOP / "sdk/wire/codec.h").read_text(), re.M)
    out = TOP / "tests/fuzz/corpus/codec"
    for i, name in enumerate(names):
        camel = "".join(part.capitalize() for part in name.split("_"))
        kind = next(getattr(m, camel) for m in modules if hasattr(m, camel))
        (out / name).write_bytes(bytes([i]) + fill(kind()).SerializeToString())
    spec = fill(stubs.model.JobSpec()).SerializeToString()
    (out / "job_spec").write_bytes(bytes([len(names)]) + spec)
    (out / "health").write_bytes(bytes([len(names) + 1]) + b"\n\x03abc")
    print(f"{len(names) + 2} seeds")


if __name__ == "__main__":
    main()
