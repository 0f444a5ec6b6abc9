#!/usr/bin/python3
"""The long proofs, one row of a table each: what is claimed, the figure to
reach, what was measured, pass or fail.

    tests/nightly/table.py [--build FOLDER] [--scale X] [--only T3,T6] [--list]

--scale 0.1 runs a tenth of every count; the table tells the counts it ran.  A
row passes if its program does.  docs/reliability.md explains the rows."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ["/usr/bin/python3", "-B"]
LIMIT_S = 6 * 3600  # of a row


def sim(name):
    return lambda n, build: (
        [build / "tests/sim" / f"sim_{name}", "--count", str(n)], {})


def test(script, which, **variables):
    """A unittest: `{n}` in a variable is the count."""
    return lambda n, build: (
        PYTHON + [TOP / "tests/integration" / script, which],
        {k: v.format(n=n) for k, v in variables.items()})


def fuzz(n, build):
    return [TOP / "tests/fuzz/run.sh", str(n), "3600"], {}


# row, claim, figure to reach, count, command of (count, build folder)
ROWS = [
    ("T1", "kill -9 under load", "1,000 kills: 0 durable lost, 0 applied twice",
     1000, test("test_restart.py", "Restart.test_a_server_killed_under_load_"
                "applies_each_gradient_once", FW_KILLS="{n}")),
    ("T2", "every named place fails in every way",
     "25 places x 6 faults: 0 lost, 0 twice", 1, sim("points")),
    ("T3", "power loss at any call", "10,000 images: 0 unreadable, 0 lost",
     10000, sim("power_loss")),
    ("T4", "every N-th allocation and call to the disk fails",
     "each N: no crash, nothing lost", 1, sim("faults")),
    ("T5", "fuzzing what reads from outside", "5 M executions a target: 0 found",
     5000000, fuzz),
    ("T6", "sessions under a virtual clock", "100,000 seeds: 0 claims broken",
     100000, sim("sessions")),
    ("T7", "exactly once over cut connections",
     "10,000 reconnects, 1 M gradients: sum exact",
     10000, test("test_chaos.py",
                 "Chaos.test_cut_connections_lose_and_double_nothing",
                 FW_RECONNECTS="{n}", FW_GRADIENTS="{n}00", FW_WORKERS="8")),
    ("T7", "the same over cut lanes, in pieces", "1,000 cuts: sum exact",
     1000, test("test_chaos.py", "Chaos.test_cut_lanes_lose_and_double_nothing",
                FW_RECONNECTS="{n}", FW_WORKERS="8", FW_SUM_ELEMENTS="200000")),
    ("T8", "a stopped worker is fenced",
     "1,000 trials: all fenced, shown as lost 250 ms after the lease", 1000,
     test("test_chaos.py", "Fence", FW_TRIALS="{n}", FW_LATE_MS="250")),
    ("T9", "half-open links", "noticed in 12 s", 1, test(
        "test_chaos.py", "Chaos.test_a_half_open_link_is_noticed_in_12_seconds")),
    ("T10", "a storm of connections", "10,000, cap 2,000: worker goes on, +64 MiB",
     10000, test("test_abuse.py",
                 "Abuse.test_a_storm_of_connections_leaves_a_worker_alone",
                 FW_STORM="{n}")),
    ("T11", "floods of HTTP/2", "8 x 5 s: +128 MiB at most, probes p99 <= 100 ms",
     5, test("test_abuse.py", "Abuse.test_floods_are_borne_or_cut",
             FW_FLOOD_S="{n}", FW_P99_MS="100")),
    ("T12", "slow and silent clients", "500 of each: closed in 3/3/5/10 s", 500,
     test("test_abuse.py", "Abuse.test_who_is_slow_or_silent_is_closed",
          FW_SLOW="{n}")),
    ("T12", "who asks for much and does not read", "500 of each: closed in 30 s, "
     "a worker loses 5 % at most", 500,
     test("test_slow_readers.py", "SlowReaders", FW_SLOW="{n}",
          FW_UNREAD_MS="30000", FW_STRICT="1")),
    ("T14", "watchers that never read", "64: 1 MiB each, steps -2 % at most", 40,
     test("test_load.py", "Load.test_watchers_that_do_not_read_slow_nobody",
          FW_LOAD_S="{n}", FW_STRICT="1")),
    ("T15", "twice the load", "60 s: 90 % of the peak, p99 3 "
     "times at most, back in 2 s", 60,
     test("test_load.py", "Load.test_twice_the_load_is_borne", FW_LOAD_S="{n}",
          FW_STRICT="1")),
    ("T16", "a full disk, and room again", "200 cycles: 0 durable lost", 200,
     test("test_checkpoint.py",
          "Checkpoints.test_each_failure_is_recovered_from", FW_CYCLES="{n}")),
    ("T17", "bits of a checkpoint turn", "all bits: each found", 8,
     sim("flips")),
    ("T17", "a bit of a large checkpoint turns", "10,000 bits of 8 MB: all found",
     10000, sim("flips_large")),
    ("T18", "the wall clock jumps", "1,000 jumps: no lease ends, steps exact",
     1000, test("test_clock.py", "Clock", FW_JUMPS="{n}")),
    ("T20", "poison from 1 of 8 workers", "all refused, loss within 5 %", 1000,
     test("test_poison.py", "Poison", FW_ROUNDS="{n}")),
    ("T21", "soak with workers that come and go", "600 s: RSS slope <= 0.5 %",
     600, test("test_soak.py", "Soak", FW_SOAK_S="{n}")),
    ("T27", "a checkpoint of 100 MB each 30 s", "steps -5 % at most", 30,
     test("test_load.py", "Load.test_a_checkpoint_does_not_hold_up_training",
          FW_LOAD_S="{n}", FW_ELEMENTS="25000000", FW_STRICT="1")),
]


def run(row, scale, build):
    """(count, passed, what it measured, seconds)"""
    name, _, _, full, command = row
    count = max(1, round(full * scale))
    argv, variables = command(count, build)
    env = {**os.environ, **variables, "FW_BUILD": str(build),
           "FLYWHEELD": str(build / "server/flywheeld"),
           "FLYWHEEL": str(build / "client/flywheel")}
    begun = time.monotonic()
    try:
        done = subprocess.run(argv, env=env, cwd=TOP, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT_S)
        code, out = done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        code, out = -1, ""
    lines = [m[1] for m in re.finditer(r"^(?:\S.* \.\.\. |)(T\d+(?:/T\d+)?[ :](?!\.\.\.).*)$", out, re.M)]
    if code:
        lines += out.strip().splitlines()[-1:]
        (TOP / "build-logs").mkdir(exist_ok=True)
        (TOP / "build-logs" / f"nightly-{name}.log").write_text(out)
    return count, code == 0, lines, time.monotonic() - begun


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build-dev")
    p.add_argument("--scale", type=float, default=1.0)
    p.add_argument("--only", default="")
    p.add_argument("--list", action="store_true")
    o = p.parse_args()
    only = set(filter(None, o.only.split(",")))
    rows = [r for r in ROWS if not only or r[0] in only]
    failed = 0
    print(f"{'row':4} {'result':6} {'count':>8} {'s':>6}  claim -> to reach")
    for row in rows:
        if o.list:
            print(f"{row[0]:4} {'':6} {row[3]:8} {'':6}  {row[1]} -> {row[2]}")
            continue
        count, ok, lines, seconds = run(row, o.scale, (TOP / o.build).resolve())
        failed += not ok
        print(f"{row[0]:4} {'pass' if ok else 'FAIL':6} {count:8} "
              f"{seconds:6.0f}  {row[1]} -> {row[2]}")
        for line in lines:
            print(f"     {line}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
