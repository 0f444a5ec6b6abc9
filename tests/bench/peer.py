"""What a worker under measurement says to the driver (tests/bench/worker.h)."""
import sys
import time

WARM_ROUNDS = 3


def work(run_round):
    for _ in range(WARM_ROUNDS):
        run_round()
    print("ready", flush=True)
    seconds = float(sys.stdin.readline().split()[1])
    start = now = time.monotonic()
    rounds = 0
    while now - start < seconds:
        run_round()
        rounds += 1
        now = time.monotonic()
    print(f"rounds {rounds} seconds {now - start:.6f}", flush=True)
    sys.stdin.read()
