#!/usr/bin/python3
"""Measure rounds/s of flywheel and its peers, interleaved.  See run.sh --help.

A round: one worker pushes a full fp32 gradient, the server makes a momentum
step, the worker receives all parameters.  Every peer runs in the same network
namespace; repetitions go round and round through the peers, so that a noisy
minute hurts all alike.  Ratios count; absolute figures belong to a machine.
"""
import argparse
import fcntl
import json
import os
import pathlib
import platform
import resource
import shlex
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import chart

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
TICKS = os.sysconf("SC_CLK_TCK")
SIZES = {"25M": 25_000_000, "1M": 1_000_000, "10k": 10_000}
YARDSTICK = "raw"
READY_S = 60


def loopback_up():
    """Raise `lo` of a fresh namespace (what `ip link set lo up` does)."""
    request, flags = struct.pack("16sh", b"lo", 0), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        got = fcntl.ioctl(s, 0x8913, request)  # SIOCGIFFLAGS
        flags = struct.unpack("16sh", got)[1]
        fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", flags | 1))


def congestion_control(wanted="reno"):
    path = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    try:
        path.write_text(wanted)
    except OSError:
        pass  # only the namespace's owner may
    return path.read_text().strip()


def narrow(rate):
    """The loopback as a wire of so many bits/s, which both directions share."""
    subprocess.run(["tc", "qdisc", "replace", "dev", "lo", "root", "tbf",
                    "rate", rate, "burst", "1mb", "latency", "50ms"],
                   check=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return sum(map(int, fields.split()[11:13])) / TICKS


def peak_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def wait_ready(worker):
    assert worker.stdout.readline().strip() == "ready", "a worker failed"


class Peer:
    """A server and its workers, as command lines."""

    one_by_one = False

    def __init__(self, name, serve, work):
        self.name, self.serve, self.work = name, serve, work

    def open(self, n, workers):
        self.port = free_port()
        self.server = subprocess.Popen(self.serve(self.port, n, workers),
                                       stdout=subprocess.DEVNULL,
                                       stderr=self.log)
        return [self.work(self.port, n, workers, i) for i in range(workers)]

    def close(self):
        self.server.kill()
        self.server.wait()

    def measure(self, n, workers, seconds):
        """One repetition: rounds/s, CPU seconds a round, peak memory."""
        with tempfile.TemporaryFile() as self.log:
            started = []
            try:
                for argv in self.open(n, workers):
                    started.append(subprocess.Popen(
                        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        stderr=self.log, text=True))
                    if self.one_by_one:
                        wait_ready(started[-1])
                return self.run(started, seconds)
            except Exception as e:
                self.log.seek(0)
                text = self.log.read().decode(errors="replace").strip()
                raise RuntimeError(f"{self.name}: {e!r}: {text[-400:]}") from e
            finally:
                for p in started:
                    p.kill()
                    p.wait()
                    p.stdin.close()
                    p.stdout.close()
                self.close()

    def run(self, workers, seconds):
        for w in workers if not self.one_by_one else []:
            wait_ready(w)
        pids = [self.server.pid, *(w.pid for w in workers)]
        before = [cpu_seconds(p) for p in pids]
        for w in workers:
            w.stdin.write(f"go {seconds}\n")
            w.stdin.flush()
        rate = rounds = 0
        for w in workers:
            word = w.stdout.readline().split()
            rate += int(word[1]) / float(word[3])
            rounds += int(word[1])
        used = [cpu_seconds(p) - b for p, b in zip(pids, before)]
        return {"rounds_per_s": rate,
                "server_cpu_ms": 1e3 * used[0] / rounds,
                "worker_cpu_ms": 1e3 * sum(used[1:]) / rounds,
                "server_peak_bytes": peak_bytes(self.server.pid),
                "worker_peak_bytes": max(map(peak_bytes, pids[1:]))}


class Flywheel(Peer):
    # The first one uploads the parameters, which all would do at once.
    one_by_one = True

    def __init__(self, name, build, dtype="f32", ground="lane", tls=False):
        self.name, self.build = name, build
        self.dtype, self.ground, self.tls = dtype, ground, tls

    def certificates(self):
        """Make some; flags of the server, environment of its clients."""
        if not self.tls:
            return [], {}
        certs = pathlib.Path(self.data) / "certs"
        subprocess.run([self.build / "client/flywheel", "certs", "init",
                        certs], check=True, stdout=subprocess.DEVNULL,
                       stderr=self.log)
        config = pathlib.Path(self.data) / "flywheeld.yaml"
        config.write_text(f"tls:\n  cert: {certs}/server.pem\n"
                          f"  key: {certs}/server.key\n"
                          f"  client_ca: {certs}/ca.pem\n")
        return ["--config", config], {
            "FLYWHEEL_CA": f"{certs}/ca.pem",
            "FLYWHEEL_CERT": f"{certs}/client.pem",
            "FLYWHEEL_KEY": f"{certs}/client.key"}

    def open(self, n, workers):
        self.data = tempfile.mkdtemp(prefix="flywheel-bench-")
        # Threads of BLAS are of no use here and fight for the cores.
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1")
        flags, known = self.certificates()
        self.server = subprocess.Popen(
            [self.build / "server/flywheeld", *flags,
             "--listen", "127.0.0.1:0",
             "--admin", "127.0.0.1:0",
             "--data", self.data], stderr=self.log, env=environment)
        where = pathlib.Path(self.data) / "flywheeld.address"
        end = time.monotonic() + READY_S
        while not where.exists() and time.monotonic() < end:
            time.sleep(0.01)
        address = where.read_text().strip()
        subprocess.run(
            [self.build / "client/flywheel", "job", "create", "--server",
             address, "--name", "bench", "--tensors", f"w:{n}",
             *JOB_FLAGS], check=True, stdout=subprocess.DEVNULL,
            stderr=self.log, env={**os.environ, **known})
        return [["/usr/bin/env", *(f"{k}={v}" for k, v in known.items()),
                 self.build / "tests/bench_rounds", address, "bench", f"w{i}",
                 str(n), self.dtype, self.ground] for i in range(workers)]

    def close(self):
        super().close()
        shutil.rmtree(self.data, ignore_errors=True)


# The momentum by the number of workers; every gradient is checked as ever.
JOB_FLAGS = ["--law", "count", "--momentum", "0.9", "--learning-rate", "1e-6"]


class Further(Peer):
    """--peer NAME='COMMAND': a program that prints its rounds/s last."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def measure(self, n, workers, seconds):
        environment = dict(os.environ, BENCH_ELEMENTS=str(n),
                           BENCH_WORKERS=str(workers),
                           BENCH_SECONDS=str(seconds))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(shlex.split(self.command), env=environment,
                             check=True, text=True, stdout=subprocess.PIPE,
                             timeout=600).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        rate = float(out.split()[-1])
        cpu = (after.ru_utime + after.ru_stime
               - before.ru_utime - before.ru_stime)
        return {"rounds_per_s": rate, "all_cpu_s": cpu}


def peers_of(args):
    build = pathlib.Path(args.build).resolve()
    raw = str(build / "tests/bench_raw_tcp")

    def raw_peer(name, mode):
        return Peer(name,
                    lambda port, n, w: [raw, "serve", str(port), str(n), mode],
                    lambda port, n, w, i: [raw, "work", str(port), str(n)])

    def script(name, file):
        path = str(HERE / file)
        return Peer(name,
                    lambda port, n, w: [PYTHON, path, "serve", str(port),
                                        str(n), str(w)],
                    lambda port, n, w, i: [PYTHON, path, "work", str(port),
                                           str(n), str(w), str(i + 1)])

    peers = [raw_peer(YARDSTICK, "stream"), raw_peer("raw-store", "store"),
             Flywheel("flywheel", build),
             Flywheel("flywheel-local", build, ground="local"),
             Flywheel("flywheel-bf16", build, "bf16"),
             Flywheel("flywheel-int8", build, "int8"),
             Flywheel("flywheel-topk", build, "topk"),
             Flywheel("flywheel-grpc", build, ground="grpc"),
             Flywheel("flywheel-tls", build, tls=True),
             Flywheel("flywheel-tls-grpc", build, ground="grpc", tls=True)]
    for name, module, file in (("grpcio", "grpc", "peer_grpcio.py"),
                               ("torch-rpc", "torch.distributed.rpc",
                                "peer_torch.py")):
        if subprocess.run([PYTHON, "-c", f"import numpy, {module}"],
                          stderr=subprocess.DEVNULL).returncode:
            print(f"SKIPPED: {name}: no Python module {module}; apt-get "
                  f"install python3-numpy "
                  f"python3-{'torch' if 'torch' in name else 'grpcio'}",
                  file=sys.stderr)
        else:
            peers.append(script(name, file))
    for p in args.peer:
        name, _, command = p.partition("=")
        peers.append(Further(name, command))
    if args.only:
        peers = [p for p in peers
                 if p.name == YARDSTICK or p.name in args.only.split(",")]
    return peers


def seconds_for(n, args):
    return args.seconds * (2 if n > 10_000_000 else 1)


def measure_all(peers, args):
    """{(size, workers): {peer: [repetition, ...]}}"""
    cells = {}
    for size in args.sizes.split(","):
        for workers in map(int, args.workers.split(",")):
            cell = cells.setdefault((size, workers), {})
            for repeat in range(args.repeats):
                for p in peers:
                    try:
                        got = p.measure(SIZES[size], workers,
                                        seconds_for(SIZES[size], args))
                    except (RuntimeError, OSError, ValueError,
                            subprocess.SubprocessError) as e:
                        print(f"FAILED: {e}", file=sys.stderr)
                        continue
                    cell.setdefault(p.name, []).append(got)
                    print(f"  {size} x {workers} #{repeat + 1} {p.name}: "
                          f"{got['rounds_per_s']:.4g} rounds/s",
                          file=sys.stderr)
    return cells


def summarise(cells):
    """Medians, and ratios to the yardstick of the same repetition."""
    rows = []
    for (size, workers), cell in cells.items():
        yard = [r["rounds_per_s"] for r in cell.get(YARDSTICK, [])]
        for name, runs in cell.items():
            rates = [r["rounds_per_s"] for r in runs]
            row = {"parameters": SIZES[size], "size": size,
                   "workers": workers, "peer": name, "runs": len(runs),
                   "rounds_per_s": statistics.median(rates),
                   "lowest": min(rates), "highest": max(rates)}
            if yard:
                row["ratio"] = statistics.median(
                    a / b for a, b in zip(rates, yard))
            for key in runs[0]:
                if key != "rounds_per_s":
                    row[key] = statistics.median(r[key] for r in runs)
            rows.append(row)
    return rows


def table(rows):
    out = ["| parameters | workers | peer | rounds/s | of raw | server CPU ms |"
           " worker CPU ms | server peak MiB |", "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        def cell(key, form, scale=1.0):
            return format(r[key] * scale, form) if key in r else "-"
        out.append(
            f"| {r['size']} | {r['workers']} | {r['peer']} | "
            f"{r['rounds_per_s']:.4g} | {cell('ratio', '.2f')} | "
            f"{cell('server_cpu_ms', '.3g')} | "
            f"{cell('worker_cpu_ms', '.3g')} | "
            f"{cell('server_peak_bytes', '.0f', 2.0 ** -20)} |")
    return "\n".join(out)


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("--build", default="build")
    a.add_argument("--out", default="build-bench")
    a.add_argument("--quick", action="store_true")
    a.add_argument("--sizes")
    a.add_argument("--workers", default="1,4")
    a.add_argument("--repeats", type=int)
    a.add_argument("--seconds", type=float)
    a.add_argument("--peer", action="append", default=[])
    a.add_argument("--only")
    a.add_argument("--namespace", choices=("private", "shared"),
                   default="shared")
    a.add_argument("--link", metavar="RATE")
    args = a.parse_args()
    if args.link and args.namespace != "private":
        a.error("--link needs a network namespace of its own (root, or user "
                "namespaces)")
    args.sizes = args.sizes or "25M,1M,10k"
    args.repeats = args.repeats or (1 if args.quick else 5)
    args.seconds = args.seconds or (0.5 if args.quick else 2.0)
    # An interrupted run ends its children through the finally clauses.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if args.namespace == "private":
        loopback_up()
        if args.link:
            narrow(args.link)
    facts = {"machine": platform.processor() or platform.machine(),
             "cores": os.cpu_count(), "kernel": platform.release(),
             "namespace": args.namespace,
             "congestion_control": congestion_control()
             if args.namespace == "private" else "as the machine's",
             "link": args.link or "loopback",
             "repeats": args.repeats, "seconds": args.seconds}
    rows = summarise(measure_all(peers_of(args), args))
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "rounds.json").write_text(
        json.dumps({"facts": facts, "rows": rows}, indent=1) + "\n")
    (out / "rounds.md").write_text(table(rows) + "\n")
    (out / "rounds.svg").write_text(chart.bars(rows, YARDSTICK))
    print(table(rows))
    print(f"\n{facts}\nwritten: {out}/rounds.json, rounds.md, rounds.svg")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
