#!/usr/bin/python3
"""How each cost grows: with the parameters, with the workers, with watchers.

    tests/bench/scaling.py --build build          about 4 minutes
    tests/bench/scaling.py --build build --quick  about 1 minute

Rounds/s, the server's CPU time a round and its memory for 1e3 to 1e8 parameters
and one worker, and for 1 to 1,000 workers of a model of 10,000; where a cost
grows linearly its constant is told.  Steps/s with and without watchers of the
status, in turns.  Writes scaling.json, scaling.md and two SVG charts."""
import argparse
import json
import pathlib
import statistics
import sys
import threading

import grpc

import chart
from driver import Flywheel, Peer, YARDSTICK
from many import measure_active

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

MIB = 1 << 20
REPEATS = 3
LARGE = 10_000_000  # from here on time is in proportion to the parameters
WATCHED = 100_000   # parameters of the model whose status is watched


def median_of(runs):
    """The median of each figure of several repetitions."""
    return {key: statistics.median(r[key] for r in runs) for key in runs[0]}


def by_parameters(peers, sizes, seconds, repeats):
    """[{parameters, peer, ...}], repetitions interleaved."""
    rows = []
    for n in sizes:
        runs = {p.name: [] for p in peers}
        for _ in range(repeats):
            for p in peers:
                runs[p.name].append(p.measure(n, 1, seconds))
        for name, got in runs.items():
            rows.append({"parameters": n, "peer": name, **median_of(got)})
            print(f"  {n:,} parameters, {name}: "
                  f"{rows[-1]['rounds_per_s']:.4g} rounds/s", file=sys.stderr)
    return rows


def by_workers(build, counts, seconds):
    wanted = argparse.Namespace(build=build, elements=10_000, lease_ms=60_000,
                                seconds=seconds)
    rows = []
    for n in counts:
        rows.append(measure_active(wanted, "lane", n))
        print(f"  {n:,} workers: {rows[-1]['rounds_per_s']:,} rounds/s",
              file=sys.stderr)
    return rows


class Watched(Flywheel):
    """flywheel, while so many clients watch the job's status."""

    def __init__(self, build, watchers, stubs):
        super().__init__(f"{watchers} watchers", build)
        self.watchers, self.stubs = watchers, stubs

    def run(self, workers, seconds):
        address = pathlib.Path(self.data, "flywheeld.address").read_text()
        seen, calls = [], []
        with grpc.insecure_channel(address.strip()) as channel:
            stub = self.stubs.status_grpc.StatusServiceStub(channel)
            for _ in range(self.watchers):
                calls.append(stub.WatchStatus(
                    self.stubs.status.WatchStatusRequest(job="bench")))
                threading.Thread(target=count, args=(calls[-1], seen),
                                 daemon=True).start()
            got = super().run(workers, seconds)
            for c in calls:
                c.cancel()
        got["told"] = len(seen) / seconds
        return got


def count(call, seen):
    try:
        for _ in call:
            seen.append(1)
    except grpc.RpcError:
        pass  # cancelled


def watching(build, watchers, seconds, repeats):
    """Steps/s with watchers as a share of those without, pair by pair."""
    pairs, stubs = [], ft.stubs()
    for _ in range(repeats):
        bare, watched = (Watched(build, n, stubs).measure(WATCHED, 1, seconds)
                         for n in (0, watchers))
        pairs.append((watched["rounds_per_s"] / bare["rounds_per_s"],
                      watched["told"]))
    share, told = (statistics.median(p) for p in zip(*pairs))
    return {"watchers": watchers, "share_of_steps": share,
            "messages_per_s": told}


def slope(rows, x, y):
    """Least squares through the origin of what is large: y for each x."""
    return sum(r[x] * r[y] for r in rows) / sum(r[x] ** 2 for r in rows)


def constants(parameters, workers):
    ours = [r for r in parameters if r["peer"] == "flywheel"]
    large = [r for r in ours if r["parameters"] >= LARGE] or ours[-1:]
    small = ours[0]
    told = {
        "server_cpu_us_of_the_smallest_round": 1e3 * small["server_cpu_ms"],
        "server_cpu_ns_a_parameter":
            1e6 * slope(large, "parameters", "server_cpu_ms"),
        "server_bytes_a_parameter":
            slope(large, "parameters", "server_peak_bytes"),
    }
    if len(workers) > 1:
        first, last = workers[0], workers[-1]
        told["kib_a_worker"] = (
            1024 * (last["rss_mib"] - first["rss_mib"])
            / (last["workers"] - first["workers"]))
        told["server_cpu_us_a_round_of_the_most_workers"] = (
            last["server_cpu_us_a_round"])
    return told


def table(parameters, workers, told, watched):
    out = ["| parameters | peer | rounds/s | server CPU ms | server peak MiB |",
           "|---|---|---|---|---|"]
    out += [f"| {r['parameters']:,} | {r['peer']} | {r['rounds_per_s']:.4g} | "
            f"{r['server_cpu_ms']:.3g} | {r['server_peak_bytes'] / MIB:.0f} |"
            for r in parameters]
    out += ["", "| workers | rounds/s | server CPU us | least and most of one "
            "worker | memory MiB | threads |", "|---|---|---|---|---|---|"]
    out += [f"| {r['workers']:,} | {r['rounds_per_s']:,} | "
            f"{r['server_cpu_us_a_round']:.1f} | {r['least']:,}, "
            f"{r['most']:,} | {r['rss_mib']:.0f} | {r['threads']:,} |"
            for r in workers]
    out += ["", "| constant | |", "|---|---|"]
    out += [f"| {k.replace('_', ' ')} | {v:.3g} |" for k, v in told.items()]
    out += ["", f"{watched['watchers']} watchers: "
            f"{watched['share_of_steps']:.3f} of the steps/s without, "
            f"{watched['messages_per_s']:.0f} messages/s to them."]
    return "\n".join(out)


def charts(parameters, workers, out):
    lines = {}
    for r in parameters:
        lines.setdefault(r["peer"], []).append(
            (r["parameters"], r["rounds_per_s"]))
        lines.setdefault(f"{r['peer']}: CPU ms a round", []).append(
            (r["parameters"], max(r["server_cpu_ms"], 1e-4)))
    (out / "scaling-parameters.svg").write_text(chart.curves(
        lines, "One worker", "parameters", "rounds/s; CPU ms"))
    (out / "scaling-workers.svg").write_text(chart.curves(
        {"rounds/s": [(r["workers"], r["rounds_per_s"]) for r in workers],
         "server CPU us a round": [(r["workers"], r["server_cpu_us_a_round"])
                                   for r in workers],
         "server MiB": [(r["workers"], r["rss_mib"]) for r in workers]},
        "10,000 parameters", "workers", "rounds/s; us; MiB"))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=
                                argparse.RawDescriptionHelpFormatter)
    a.add_argument("--build", default="build")
    a.add_argument("--out", default="build-bench")
    a.add_argument("--quick", action="store_true", help="fewer points, once")
    a.add_argument("--least", action="store_true",
                   help="one point of each kind: does it work?")
    args = a.parse_args()
    build = pathlib.Path(args.build).resolve()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    repeats = 1 if args.quick or args.least else REPEATS
    seconds = 0.3 if args.quick or args.least else 1.0
    sizes = [10 ** e for e in range(3, 9)]
    counts = [1, 3, 10, 30, 100, 300, 1000]
    if args.least:
        sizes, counts = sizes[:2], counts[:2]
    elif args.quick:
        counts = counts[::2]
    raw = str(build / "tests/bench_raw_tcp")
    peers = [Peer(YARDSTICK,
                  lambda port, n, w: [raw, "serve", str(port), str(n), "stream"],
                  lambda port, n, w, i: [raw, "work", str(port), str(n)]),
             Flywheel("flywheel", build),
             Flywheel("flywheel-local", build, ground="local")]
    parameters = by_parameters(peers, sizes, seconds, repeats)
    workers = by_workers(build, counts, 3 * seconds)
    watched = watching(build, 5 if args.least else 100, 3 * seconds, repeats)
    told = constants(parameters, workers)
    (out / "scaling.json").write_text(json.dumps(
        {"parameters": parameters, "workers": workers, "constants": told,
         "watching": watched}, indent=1) + "\n")
    text = table(parameters, workers, told, watched)
    (out / "scaling.md").write_text(text + "\n")
    charts(parameters, workers, out)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
