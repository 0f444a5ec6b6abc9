#!/usr/bin/python3
"""What many workers cost the server: idle ones in memory and CPU, active ones
in rounds/s and fairness.

    tests/bench/many.py --build build --idle 5000 --active 1 10 100 1000

A worker is the flywheel library itself (bench_many, some hundreds a process).
Idle ones have joined and then only send heartbeats.  By --ground: `lane` as
programs do it, `grpc` with the Train stream on HTTP/2 too, `bare` with no more
than the connection.  CPU is of one core.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from driver import JOB_FLAGS, cpu_seconds

READY_S = 300
A_PROCESS = 500
KIB = 1024


def status_of(pid):
    """Threads and descriptors, and memory in KiB."""
    told = {}
    for name in ("status", "smaps_rollup"):
        for line in pathlib.Path(f"/proc/{pid}/{name}").read_text().splitlines():
            words = line.replace(":", " ").split()
            if words[0] in ("Rss", "Pss", "Threads"):
                told[words[0].lower()] = int(words[1])
    told["descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
    return told


class Many:
    """A server, a job, and processes of many workers."""

    def __init__(self, build, elements, ground, lease_ms):
        self.build, self.elements = pathlib.Path(build).resolve(), elements
        self.ground, self.processes = ground, []
        self.data = tempfile.mkdtemp(prefix="flywheel-many-")
        self.log = tempfile.TemporaryFile()
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1")
        self.server = subprocess.Popen(
            [self.build / "server/flywheeld", "--listen", "127.0.0.1:0",
             "--admin", "127.0.0.1:0", "--data", self.data],
            stderr=self.log, env=environment)
        where = pathlib.Path(self.data) / "flywheeld.address"
        end = time.monotonic() + READY_S
        while not where.exists() and time.monotonic() < end:
            time.sleep(0.01)
        self.address = where.read_text().strip()
        subprocess.run(
            [self.build / "client/flywheel", "job", "create", "--server",
             self.address, "--name", "many", "--tensors", f"w:{elements}",
             "--max-workers", "100000", "--lease-ms", str(lease_ms),
             *JOB_FLAGS], check=True, stdout=subprocess.DEVNULL)
        self.first = self.start(1)  # uploads the parameters
        self.say(self.first, "once")

    def start(self, n):
        p = subprocess.Popen(
            [self.build / "tests/bench_many", self.address, "many",
             f"p{len(self.processes)}-", str(n), str(self.elements),
             self.ground], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.processes.append(p)
        line = p.stdout.readline().strip()
        self.log.seek(0)
        assert line == "ready", (f"workers did not get ready: {line!r}; "
                                 f"{self.log.read()[-2000:].decode()}")
        return p

    def say(self, process, word):
        if self.ground == "bare":
            return ""
        process.stdin.write(word + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    def start_all(self, n):
        """n workers in all, with the one that is there."""
        left, started = n - 1, []
        while left:
            here = min(left, A_PROCESS)
            started.append(self.start(here))
            left -= here
        return started

    def close(self):
        for p in self.processes:
            p.stdin.close()
        for p in [*self.processes, self.server]:
            p.kill()
            p.wait()
        for p in self.processes:
            p.stdout.close()
        shutil.rmtree(self.data, ignore_errors=True)


def measure_idle(args, ground, n):
    many = Many(args.build, args.elements, ground, args.lease_ms)
    try:
        pid = many.server.pid
        time.sleep(1)
        before = status_of(pid)
        started = many.start_all(n + 1)
        joined = status_of(pid)
        time.sleep(args.settle)
        after = status_of(pid)
        cpu, from_s = cpu_seconds(pid), time.monotonic()
        time.sleep(args.rest)
        share = (cpu_seconds(pid) - cpu) / (time.monotonic() - from_s)
        awake = [many.say(p, "once").strip() for p in started if args.wake]
        return {"ground": ground, "workers": n,
                "rss_kib_a_worker_at_once":
                    round((joined["rss"] - before["rss"]) / n, 1),
                "rss_kib_a_worker": round((after["rss"] - before["rss"]) / n, 1),
                "pss_kib_a_worker": round((after["pss"] - before["pss"]) / n, 1),
                "rss_mib": round(after["rss"] / KIB, 1),
                "threads": after["threads"],
                "descriptors": after["descriptors"],
                "cpu_percent": round(100 * share, 2),
                "woken": all(w == "done" for w in awake)}
    finally:
        many.close()


def measure_active(args, ground, n):
    many = Many(args.build, args.elements, ground, args.lease_ms)
    try:
        many.start_all(n)
        pid = many.server.pid
        cpu = cpu_seconds(pid)
        for p in many.processes:
            p.stdin.write(f"go {args.seconds}\n")
            p.stdin.flush()
        told = [p.stdout.readline().split() for p in many.processes]
        assert all(told), "a worker failed"
        rounds = sum(int(t[1]) for t in told)
        seconds = max(float(t[7]) for t in told)
        return {"ground": ground, "workers": n,
                "rounds_per_s": round(rounds / seconds),
                "least": min(int(t[3]) for t in told),
                "most": max(int(t[5]) for t in told),
                "server_cpu_us_a_round":
                    round(1e6 * (cpu_seconds(pid) - cpu) / rounds, 1),
                "rss_mib": round(status_of(pid)["rss"] / KIB, 1),
                "threads": status_of(pid)["threads"]}
    finally:
        many.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=
                                argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--idle", type=int, nargs="*", default=[])
    p.add_argument("--active", type=int, nargs="*", default=[])
    p.add_argument("--ground", nargs="*", default=["lane"],
                   choices=["lane", "grpc", "bare"])
    p.add_argument("--elements", type=int, default=10_000)
    p.add_argument("--lease-ms", type=int, default=15_000)
    p.add_argument("--settle", type=float, default=45.0,
                   help="seconds that idle workers rest first")
    p.add_argument("--rest", type=float, default=30.0,
                   help="seconds in which their CPU is measured")
    p.add_argument("--seconds", type=float, default=5.0,
                   help="of rounds by active workers")
    p.add_argument("--wake", action="store_true",
                   help="have each idle worker make a round at the end")
    args = p.parse_args()
    for ground in args.ground:
        for n in args.idle:
            print(json.dumps(measure_idle(args, ground, n)), flush=True)
        for n in args.active:
            print(json.dumps(measure_active(args, ground, n)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
