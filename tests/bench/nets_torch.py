#!/usr/bin/python3
"""The reference worker's CNN beside PyTorch's: samples/s on one thread,
forward and backward, interleaved in one run.

    nets_torch.py [--bench build/tests/bench_nets] [--batch 32] [--repeats 5]

Prints one line of JSON; exit code 77 without python3-torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WARM_UP = 20  # batches
SECONDS = 1.0  # of one measurement


def peer(batch):
    """A function that measures PyTorch once, or None without it."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(16, 32, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10))
    x = torch.rand(batch, 1, 28, 28)
    labels = torch.randint(0, 10, (batch,))
    loss = nn.CrossEntropyLoss()

    def run_batch():
        net.zero_grad(set_to_none=True)
        loss(net(x), labels).backward()

    def measure():
        for _ in range(WARM_UP):
            run_batch()
        batches, start = 0, time.perf_counter()
        while time.perf_counter() < start + SECONDS:
            run_batch()
            batches += 1
        return batches * batch / (time.perf_counter() - start)

    return measure


def ours(program, batch):
    out = subprocess.run([program, "cnn", str(batch), str(SECONDS / 5)],
                         check=True, capture_output=True, text=True,
                         env=dict(os.environ, OPENBLAS_NUM_THREADS="1"))
    return json.loads(out.stdout)["samples_per_second"]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--bench", default="build/tests/bench_nets")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--repeats", type=int, default=5)
    a = p.parse_args()
    measure = peer(a.batch)
    if not measure:
        print("SKIPPED: python3-torch is not installed", file=sys.stderr)
        return 77
    pairs = [(ours(a.bench, a.batch), measure()) for _ in range(a.repeats)]
    flywheel, torch = (statistics.median(side) for side in zip(*pairs))
    print(json.dumps({
        "bench": "nets", "model": "cnn", "batch": a.batch,
        "flywheel": round(flywheel), "torch": round(torch),
        "ratio": round(flywheel / torch, 2)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
