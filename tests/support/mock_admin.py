#!/usr/bin/python3
"""A stand-in for flywheeld's administrator listener, with a job of any size: to
look at the dashboard with 1,000 workers and a day of history at once.

    mock_admin.py [--port P] [--workers N] [--points N] [--token T]

Prints its address, then serves until it is ended.  Lines on stdin: `quiet`
stops the events, `drop` ends them, `refuse` closes every connection,
`go` undoes these.
"""
import argparse
import http.server
import json
import math
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "server/http/page/build.py"
JOB = "digits"
DAY = 86400
AWAY = (0.4, 0.5)  # of the day: the server was down
WAYS = {"go", "quiet", "drop", "refuse"}
started = time.time()
way = "go"


def wave(i, period, size):
    return size * math.sin(2 * math.pi * i / period)


def worker(i, n):
    slow = 1 + 3 * (i % 17 == 3)
    rate = (2 + 0.2 * wave(i, 7, 1)) / slow
    gone = i % 97 == 50
    return {"name": f"worker-{i + 1}", "epoch": i + 1, "wire": "f32",
            "state": "lost" if gone else "connected",
            "silent_ms": 48000 if gone else int(40 + 300 * slow * abs(wave(
                time.time() + i, 3, 1))),
            "gradients": int(9000 / slow), "refused": 12 * (i % 31 == 0),
            "samples": int(288000 / slow), "gradients_per_second": rate,
            "staleness_mean": n - 1 + wave(i, 11, n / 10) + (slow - 1) * n,
            "staleness_p95": 3 * n, "base_version": 0, "group": 0,
            "strikes": 3 * (i % 211 == 7), "quarantined": i % 211 == 7}


def momentum(n):
    share = 1 - 1 / max(1, n)
    return {"law": "margin", "reference": 0.9,
            "momentum": max(0, 0.9 - share * 0.8) + wave(time.time(), 60, .01),
            "target": max(0, 0.9 - share * 0.8), "learning_rate": 0.0123,
            "effective_step": 0.021 + wave(time.time(), 90, 0.004),
            "step_bound": 0.034 + wave(time.time(), 300, 0.003),
            "curvature": 31.2, "implicit_predicted": share,
            "implicit_trace": share - 0.02, "total_measured": 0.88,
            "binding": "staleness", "sentence": decisions()[-1]["sentence"],
            "twin_ms": 6.0, "reference_step": 0.1, "probes_asked": 27,
            "probes_used": 27, "probes_refused": 0, "loss_alarms": 1,
            "probe_share_percent": 1.44}


def job(workers):
    crew = [worker(i, workers) for i in range(workers)]
    live = sum(w["state"] == "connected" for w in crew)
    age = time.time() - started
    version = int(40 * DAY + 40 * age)
    bars = 4 * max(2, min(live, 60))
    law = [4096 * (1 / bars * 4) * (1 - 4 / bars) ** i for i in range(bars)]
    return {
        "name": JOB, "state": "training", "version": version,
        "durable_version": version - version % 500, "workers": live,
        "groups": 0, "n_elements": 1663370, "samples": 32 * version,
        "samples_per_second": 1280 + wave(age, 20, 60),
        "gradients_per_second": 40 + wave(age, 20, 2),
        "gradients_applied": version, "gradients_refused": 31,
        "workers_lost": workers - live, "momentum": momentum(live),
        "staleness": {
            "samples": 4096, "mean": bars / 4, "deviation_ratio": 1.02,
            "p50": bars // 6, "p95": bars // 2, "p99": bars - 3,
            "histogram": [int(v * (1 + wave(i, 5, .1)) * (.7 + .6 * (i > 1)))
                          for i, v in enumerate(law)], "geometric": law},
        "loss": {"training": 0.08 + 0.05 * abs(wave(age, 50, 1)),
                 "training_version": version, "validation": 0.0931,
                 "accuracy": 0.9731, "validation_version": version // 300},
        "worker": crew, "checkpoint": "checkpoint.safetensors",
        "degraded": False, "checkpoint_failures": 0, "checkpoint_error": "",
        "gradients_clipped": 4, "checkpoints_bad": 0, "incarnation": 1,
        "quarantined": sum(w["quarantined"] for w in crew),
        "gradient_norm": 0.4, "update_norm": 0.002,
        "age_ms": int(1000 * (DAY + age)), "worker_seconds": live * (DAY + age)}


def decisions():
    out = []
    for i in range(60):
        lost = i % 9 == 4
        n = 4 + i % 5
        out.append({
            "index": i + 1, "unix_ms": int(1000 * (started - DAY + 1400 * i)),
            "version": 56000 * i, "workers": n, "law": "margin",
            "momentum_before": 0.31, "momentum_after": 0.24,
            "learning_rate_before": 0.0205, "learning_rate_after": 0.0137,
            "staleness_mean": 3.0, "staleness_deviation_ratio": 1.0,
            "curvature": 31.0, "step_bound": 0.034, "binding": "staleness",
            "cause": "lost" if lost else "joined", "who": "", "why": "",
            "sentence": f"{n} workers ({'lost' if lost else 'join'}): momentum "
                        "0.310 -> 0.240 (law margin: the largest within 2 % of "
                        "the best stable step), rate 0.0205 -> 0.0137."})
    return out


def history(shift, points, begin, end):
    """`shift`: how much slower this run learns than the first one."""
    begin = max(begin, started - DAY)
    end = min(end, time.time())
    first = started - DAY
    time_ = [t for t in (begin + (end - begin) * i / points
                         for i in range(points))
             if not AWAY[0] < (t - first) / DAY < AWAY[1]]

    def both(f, spread):
        y = [f(t - first) for t in time_]
        return {"min": [v * (1 - spread) for v in y],
                "max": [v * (1 + spread) for v in y]}

    def sparse(f):
        y = [f(t - first) if i % 25 == 0 else None
             for i, t in enumerate(time_)]
        return {"min": y, "max": y}

    n = [4 + int((t - first) / 1400) % 5 for t in time_]
    crew = {"min": n, "max": n}
    share = [1 - 1 / v for v in n]
    plain = {"min": [max(0, .9 - .8 * s) for s in share],
             "max": [max(0, .9 - .8 * s) for s in share]}
    return {
        "job": JOB, "run": "run-1", "resolution": DAY / points,
        "rows": len(time_), "time": time_,
        "version": [int(40 * (t - first)) for t in time_],
        "worker_seconds": [6 * (t - first) for t in time_],
        "series": {
            "loss": both(lambda s: 0.09 + 2.2 / (1 + s / 400 / shift ** 4)
                         + wave(s, 900, .01), 0.18),
            "validation_loss": sparse(lambda s: 0.1 + 2.0 / (1 + s / 500)),
            "momentum": plain, "target": plain,
            "implicit_predicted": {"min": share, "max": share},
            "implicit_measured": {"min": [s - .03 for s in share],
                                  "max": [s + .01 for s in share]},
            "total": both(lambda s: .88 + wave(s, 5000, .02), 0.01),
            "effective_step": both(lambda s: .02 / shift + wave(s, 9000, .004), 0.02),
            "step_bound": both(lambda s: .034 + wave(s, 20000, .004), 0),
            "workers": crew,
            "staleness_mean": both(lambda s: 4 + wave(s, 7000, 1), 0.1),
            "updates_per_second": both(lambda s: 40 + wave(s, 5000, 4), 0.06)}}


EVENTS = [("joined", "worker-4 joined from 10.0.0.14"),
          ("checkpoint_saved", "checkpoint-3456000.safetensors, 6.7 MB in 41 ms"),
          ("lost", "worker-51 was silent for 15 s: its lease ran out"),
          ("joined", "worker <img src=x> joined"),
          ("quarantined", "worker-8: 3 strikes, norm 212 times the median")]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, kind="application/json", code=200, **extra):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in extra.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, value, code=200):
        self.send(json.dumps(value).encode(), code=code)

    def stream(self, kind, make):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while way in ("go", "quiet"):
            text = ": ping\n\n"
            if way == "go":
                text = f"event: {kind}\ndata: {json.dumps(make())}\n\n"
            self.wfile.write(text.encode())
            self.wfile.flush()
            threading.Event().wait(1)

    def do_GET(self):
        try:
            self.answer()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self):
        if way in ("refuse", "drop"):
            self.close_connection = True
            return
        url = urllib.parse.urlsplit(self.path)
        ask = dict(urllib.parse.parse_qsl(url.query))
        o = self.server.options
        here = f"/api/v1/jobs/{JOB}"
        if url.path == "/":
            self.send(self.server.html, "text/html; charset=utf-8",
                      Content_Security_Policy=self.server.csp)
            return
        if o.token and self.headers["Authorization"] != f"Bearer {o.token}":
            self.send_json({"error": {"reason": "UNAUTHENTICATED",
                                      "message": "a token is wanted"}}, 401)
            return
        server = {"version": "0.1.0", "incarnation": 1, "uptime_ms": int(
            1000 * (time.time() - started)), "jobs": 1, "draining": False}
        jobs = lambda: {"server": server, "jobs": [
            {**job(o.workers), "worker": []}]}
        if url.path == "/events" and ask.get("job") == JOB:
            self.stream("status", lambda: job(o.workers))
        elif url.path == "/events" and "job" not in ask:
            self.stream("jobs", jobs)
        elif url.path == "/api/v1/server":
            self.send_json(server)
        elif url.path == "/api/v1/jobs":
            self.send_json(jobs())
        elif url.path == here:
            self.send_json(job(o.workers))
        elif url.path == here + "/decisions":
            self.send_json({"decisions": decisions()})
        elif url.path == here + "/events":
            self.send_json({"events": [
                {"time": started - 600 + 60 * i, "event": e, "text": t}
                for i, (e, t) in enumerate(EVENTS * 2)]})
        elif url.path in (here + "/history", "/api/v1/runs/run-1/history",
                          "/api/v1/runs/run-2/history"):
            shift = 1.3 if "run-2" in url.path else 1
            points = min(int(ask.get("points", 500)), o.points)
            self.send_json(history(shift, points, float(ask.get("from", 0)),
                                   float(ask.get("to", 1e12))))
        elif url.path == "/api/v1/runs":
            self.send_json({"runs": [
                {"id": f"run-{i}", "job": JOB, "law": "margin",
                 "started": started - i * DAY, "ended": None,
                 "version": 3456000, "updates": 3456000, "loss": 0.09,
                 "validation_loss": 0.1, "worker_seconds": 6 * DAY}
                for i in (1, 2)]})
        else:
            self.send_json({"error": {"reason": "NOT_FOUND",
                                      "message": "there is nothing"}}, 404)


def main():
    global way
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--token", default="")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port),
                                             Handler)
    server.daemon_threads = True
    server.options = options
    html = subprocess.run([BUILD, "--html", "/dev/stdout"], check=True,
                          capture_output=True).stdout
    server.html = html
    server.csp = subprocess.run([BUILD, "--csp"], check=True, text=True,
                                capture_output=True).stdout.strip()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    for line in sys.stdin:
        if line.strip() in WAYS:
            way = line.strip()
            print(way, flush=True)


if __name__ == "__main__":
    main()
