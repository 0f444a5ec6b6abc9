#!/usr/bin/python3
"""The administrator's HTTP: what it serves, what it refuses, that it never
waits for a slow watcher, and that Prometheus understands it."""
import base64
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
DRIVER = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / \
    "tests/sum_driver"
ELEMENTS = 1000
TOKEN = "correct-horse-battery-staple"
SECURITY = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def get(address, path, method="GET", headers=None, body=None):
    """(status, headers, text) of one request on a connection of its own."""
    c = http.client.HTTPConnection(address, timeout=20)
    try:
        c.request(method, path, body=body, headers=headers or {})
        answer = c.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        c.close()


def talk(address, data):
    """Send bytes as they are; all that comes back until the end."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as s:
        s.sendall(data)
        got = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return got.decode()
            got += piece


def metrics(address):
    """{'name{labels}': value} of /metrics."""
    status, _, text = get(address, "/metrics")
    assert status == 200, text
    return {k: float(v) for k, v in
            (line.rsplit(" ", 1) for line in text.splitlines()
             if not line.startswith("#"))}


def create(server, job):
    S.job_grpc.JobServiceStub(server.channel).CreateJob(
        S.job.CreateJobRequest(spec=S.model.JobSpec(
            name=job, tensors=[S.model.Tensor(name="w", shape=[ELEMENTS])],
            controller=S.model.Controller(
                law="LAW_FIXED", reference_momentum=0.5,
                reference_learning_rate=0.01))), timeout=10)
    S.training_grpc.TrainingServiceStub(server.channel).Initialize(
        iter([S.training.InitializeRequest(
            job=job, offset=0, data=bytes(4 * ELEMENTS))]), timeout=10)


class Worker:
    """A process that pushes until it is told to end."""

    def __init__(self, server, job, name, wait_us=1000):
        self.process = subprocess.Popen(
            [DRIVER, server.address, job, name, str(ELEMENTS), "0", "round",
             str(wait_us)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=30)

    def kill(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(timeout=30)


class Stream:
    """A watcher of /events."""

    def __init__(self, address, path, headers=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        lines = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n"
                            f"{lines}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = self.file.readline().decode()
        while self.file.readline().strip():
            pass

    def next(self):
        """Fields of the next event; None at the end of the stream."""
        fields = {}
        for raw in self.file:
            line = raw.decode().rstrip("\n")
            if not line and fields:
                return fields
            if line and not line.startswith(":"):
                key, value = line.split(": ", 1)
                fields[key] = value
        return None

    def close(self):
        self.file.close()
        self.socket.close()


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ft.Server()
        cls.address = cls.server.admin
        create(cls.server, "seen")
        cls.worker = Worker(cls.server, "seen", "w1")
        ft.wait_for("50 gradients", lambda: cls.job()["version"] > 50)

    @classmethod
    def tearDownClass(cls):
        cls.worker.end()
        code = cls.server.stop()
        log = cls.server.log.read_text()
        cls.server.remove()
        assert code == 0, f"the server ended with {code}:\n{log}"

    @classmethod
    def job(cls, name="seen"):
        return json.loads(get(cls.address, f"/api/v1/jobs/{name}")[2])

    def refused(self, got, status, reason):
        self.assertEqual(got[0], status, got[2])
        error = json.loads(got[2])["error"]
        self.assertEqual(error["reason"], reason)
        self.assertTrue(error["message"])

    # --- what is served ---

    def test_health_and_readiness(self):
        self.assertEqual(get(self.address, "/healthz")[::2], (200, "ok\n"))
        self.assertEqual(get(self.address, "/readyz")[::2], (200, "ready\n"))

    def test_the_page_is_gzipped_and_names_its_scripts(self):
        c = http.client.HTTPConnection(self.address, timeout=20)
        c.request("GET", "/")
        answer = c.getresponse()
        text = gzip.decompress(answer.read()).decode()
        c.close()
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertIn("<html", text)
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("frame-ancestors 'none'", policy)  # the whole of it
        for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.S):
            digest = base64.b64encode(
                hashlib.sha256(script.encode()).digest()).decode()
            self.assertIn(f"'sha256-{digest}'", policy)

    def test_the_state_is_that_of_the_command_line(self):
        server = json.loads(get(self.address, "/api/v1/server")[2])
        self.assertGreaterEqual(server["jobs"], 1)
        jobs = json.loads(get(self.address, "/api/v1/jobs")[2])
        self.assertEqual(jobs["jobs"][0]["name"], "seen")
        self.assertNotIn("worker", jobs["jobs"][0])
        self.assertEqual(set(jobs["server"]), set(server))
        one = self.job()
        self.assertEqual([w["name"] for w in one["worker"]], ["w1"])
        cli = json.loads(subprocess.run(
            [ft.program("FLYWHEEL"), "status", "--server", self.server.address,
             "--job", "seen", "--json"], capture_output=True, text=True,
            check=True, timeout=30).stdout)
        job = cli["jobs"][0] if "jobs" in cli else cli
        self.assertEqual(set(one), set(job))

    def test_decisions_are_told_newest_last(self):
        for momentum in ("0.3", "0.4"):
            subprocess.run(
                [ft.program("FLYWHEEL"), "momentum", "pin", momentum,
                 "--server", self.server.address, "--job", "seen"],
                check=True, capture_output=True, timeout=30)
        got = json.loads(get(
            self.address, "/api/v1/jobs/seen/decisions?limit=2")[2])
        self.assertEqual([round(d["momentum_after"], 3)
                          for d in got["decisions"]], [0.3, 0.4])
        self.assertTrue(got["decisions"][1]["sentence"])
        none = json.loads(get(
            self.address, "/api/v1/jobs/seen/decisions?limit=0")[2])
        self.assertEqual(none, {"decisions": []})
        self.refused(get(self.address, "/api/v1/jobs/none/decisions"), 404,
                     "JOB_NOT_FOUND")

    def test_a_connection_serves_one_request_after_the_other(self):
        c = http.client.HTTPConnection(self.address, timeout=20)
        for path in ("/healthz", "/metrics", "/api/v1/jobs/seen/decisions",
                     "/nothing", "/readyz"):
            c.request("GET", path)
            answer = c.getresponse()
            answer.read()
            self.assertEqual(answer.headers["Connection"], "keep-alive")
        c.close()
        line = f"GET /healthz HTTP/1.1\r\nHost: {self.address}\r\n"
        got = talk(self.address, (f"{line}\r\n{line}\r\n{line}"
                                  "Connection: close\r\n\r\n").encode())
        self.assertEqual(got.count("HTTP/1.1 200 OK"), 3)
        self.assertEqual(got.count("ok\n"), 3)

    def test_head_has_the_length_and_no_body(self):
        line = f" /healthz HTTP/1.1\r\nHost: {self.address}\r\n" \
               "Connection: close\r\n\r\n"
        got = talk(self.address, ("HEAD" + line).encode())
        self.assertIn("Content-Length: 3\r\n", got)
        self.assertTrue(got.endswith("\r\n\r\n"), got)

    def test_every_answer_has_the_headers_that_protect(self):
        for path in ("/healthz", "/metrics", "/api/v1/jobs", "/nothing"):
            _, headers, _ = get(self.address, path)
            for name, value in SECURITY.items():
                self.assertEqual(headers[name], value, path)
            self.assertIn("default-src 'none'",
                          headers["Content-Security-Policy"])
            self.assertNotIn("Access-Control-Allow-Origin", headers)

    # --- what is refused ---

    def test_what_is_not_there_is_told_so(self):
        for path in ("/nothing", "/api/v1/jobs/", "/api/v1/jobs/a/b",
                     "/api/v1/jobs/.hidden", "/healthz/", "//healthz"):
            self.refused(get(self.address, path), 404, "NOT_FOUND")
        self.refused(get(self.address, "/api/v1/jobs/none"), 404,
                     "JOB_NOT_FOUND")
        self.refused(get(self.address, "/events?job=none"), 404,
                     "JOB_NOT_FOUND")

    def test_only_get_and_head_without_a_body(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            got = get(self.address, "/healthz", method)
            self.refused(got, 405, "METHOD_NOT_ALLOWED")
            self.assertEqual(got[1]["Allow"], "GET, HEAD")
        self.refused(get(self.address, "/healthz", body="x"), 413,
                     "BODY_REFUSED")
        got = talk(self.address, f"GET /healthz HTTP/1.1\r\nHost: "
                   f"{self.address}\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "1\r\nx\r\n0\r\n\r\n".encode())
        self.assertTrue(got.startswith("HTTP/1.1 413 "), got)
        self.assertEqual(got.count("HTTP/1.1"), 1)

    def test_only_under_our_own_names(self):
        port = self.address.rsplit(":", 1)[1]
        for name in ("localhost", "LOCALHOST", "127.0.0.1", "[::1]"):
            for host in (name, f"{name}:{port}"):
                self.assertEqual(get(self.address, "/healthz",
                                     headers={"Host": host})[0], 200, host)
        for host in ("evil.example", f"evil.example:{port}", "", "localhost:x",
                     "localhost.evil.example", "127.0.0.1:80@evil.example"):
            self.refused(get(self.address, "/healthz",
                             headers={"Host": host}), 400, "HOST_NOT_ALLOWED")
        for head in ("", "Host: localhost\r\nHost: evil.example\r\n"):
            got = talk(self.address,
                       f"GET /healthz HTTP/1.1\r\n{head}"
                       "Connection: close\r\n\r\n".encode())
            self.assertTrue(got.startswith("HTTP/1.1 400 "), got)

    def test_what_is_not_http_or_too_long_is_refused(self):
        for status, data in (
                (400, "hello\r\n\r\n"),
                (400, "GET http://evil.example/ HTTP/1.1\r\n"
                      "Host: localhost\r\n\r\n"),
                (400, "GET / HTTP/9.9.9\r\n\r\n"),
                (405, "CONNECT localhost:1 HTTP/1.1\r\n"
                      "Host: localhost\r\n\r\n"),
                (431, "GET /" + "a" * 2000 + " HTTP/1.1\r\n"),
                (431, "GET / HTTP/1.1\r\nHost: " + "a" * 1000 + "\r\n"),
                (431, "GET / HTTP/1.1\r\n" + "X: y\r\n" * 2000)):
            got = talk(self.address, data.encode())
            self.assertTrue(got.startswith(f"HTTP/1.1 {status} "),
                            (data[:40], got[:80]))

    # --- events ---

    def test_a_job_s_stream_sends_what_is_new(self):
        s = Stream(self.address, "/events?job=seen")
        self.assertIn("200", s.status)
        first, second = s.next(), s.next()
        self.assertEqual((first["event"], second["event"]),
                         ("status", "status"))
        versions = [json.loads(e["data"])["version"] for e in (first, second)]
        self.assertLess(versions[0], versions[1])
        self.assertEqual(first["id"], str(versions[0]))
        s.close()

    def test_the_stream_of_all_jobs_lists_them(self):
        s = Stream(self.address, "/events")
        event = s.next()
        self.assertEqual(event["event"], "jobs")
        self.assertIn("seen", [j["name"] for j in
                               json.loads(event["data"])["jobs"]])
        s.close()

    def test_the_stream_of_a_deleted_job_says_so_and_ends(self):
        create(self.server, "short")
        s = Stream(self.address, "/events?job=short")
        self.assertEqual(s.next()["event"], "status")
        S.job_grpc.JobServiceStub(self.server.channel).DeleteJob(
            S.job.DeleteJobRequest(job="short"), timeout=10)
        self.assertEqual(s.next()["event"], "gone")
        self.assertIsNone(s.next())
        s.close()

    def test_watchers_that_do_not_read_cost_updates_and_nothing_else(self):
        """A hundred workers make a large status; 64 watchers read none."""
        create(self.server, "crowd")
        training = S.training_grpc.TrainingServiceStub(self.server.channel)
        for i in range(100):
            training.Join(S.training.JoinRequest(
                job="crowd", worker=f"w{i}", protocol_min=1, protocol_max=1),
                timeout=10)
        before = self.server.rss_bytes()
        slow = []
        for _ in range(64):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = self.address.rsplit(":", 1)
            s.connect((host, int(port)))
            s.sendall(f"GET /events?job=crowd HTTP/1.1\r\n"
                      f"Host: {self.address}\r\n\r\n".encode())
            slow.append(s)

        def skipped():
            training.Join(S.training.JoinRequest(
                job="crowd", worker=f"x{skipped.n}", protocol_min=1,
                protocol_max=1), timeout=10)  # something new
            skipped.n += 1
            return metrics(self.address)["flywheel_http_events_skipped_total"]
        skipped.n = 0
        ft.wait_for("64 skipped updates", lambda: skipped() >= 64, 60)
        version = self.job()["version"]
        ft.wait_for("training to go on",
                    lambda: self.job()["version"] > version)
        if not ft.is_sanitized():  # they keep what was freed
            self.assertLess(self.server.rss_bytes() - before, 64 << 20)
        for s in slow:
            s.close()
        ft.wait_for("the streams' end", lambda: metrics(self.address)[
            "flywheel_http_streams"] == 0)

    def test_a_life_in_events(self):
        create(self.server, "life")
        guest = Worker(self.server, "life", "guest")
        ft.wait_for("the guest", lambda: self.job("life")["workers"] == 1)

        def names():
            return [e["event"] for e in json.loads(get(
                self.address, "/api/v1/jobs/life/events")[2])["events"]]
        ft.wait_for("its event", lambda: "joined" in names())
        guest.end()
        ft.wait_for("its goodbye", lambda: "left" in names())
        subprocess.run([ft.program("FLYWHEEL"), "checkpoint", "save", "--server",
                        self.server.address, "--job", "life"],
                       check=True, capture_output=True, timeout=30)
        ft.wait_for("the checkpoint", lambda: "checkpoint_saved" in names())
        self.assertEqual(names()[0], "opened")
        last = json.loads(get(self.address,
                              "/api/v1/jobs/life/events?limit=1")[2])["events"]
        self.assertEqual(len(last), 1)
        self.assertEqual(set(last[0]), {"time", "event", "text"})

    # --- metrics ---

    def test_metrics_tell_what_the_state_tells(self):
        got = metrics(self.address)
        job = self.job()
        self.assertEqual(got['flywheel_job_workers{job="seen",'
                             'state="connected"}'], 1)
        self.assertGreater(
            got['flywheel_job_gradients_applied_total{job="seen"}'], 0)
        self.assertLessEqual(got['flywheel_job_version{job="seen"}'],
                             job["version"])
        self.assertEqual(got['flywheel_job_parameters{job="seen"}'], ELEMENTS)
        self.assertEqual(got['flywheel_job_degraded{job="seen"}'], 0)
        self.assertIn('flywheel_job_momentum{job="seen",kind="explicit"}', got)
        self.assertEqual(
            got['flywheel_job_staleness_bucket{job="seen",le="+Inf"}'],
            got['flywheel_job_gradients_applied_total{job="seen"}'])
        self.assertEqual(
            got['flywheel_job_staleness_bucket{job="seen",le="0.0"}'],
            got['flywheel_job_staleness_count{job="seen"}'])
        self.assertEqual(got['flywheel_job_staleness_sum{job="seen"}'], 0)
        self.assertEqual(got["flywheel_ready"], 1)
        gradients = got['flywheel_job_gradients_received_total{job="seen"}']
        for name in ("received", "sent"):  # snapshots are a little older
            self.assertGreater(got[f"flywheel_rpc_{name}_bytes_total"],
                               4 * ELEMENTS * gradients)
        for name in ("process_cpu_seconds_total", "process_open_fds",
                     "process_resident_memory_bytes", "process_threads"):
            self.assertGreater(got[name], 0, name)

    def test_open_metrics_for_who_accepts_it(self):
        _, headers, text = get(self.address, "/metrics", headers={
            "Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"})
        self.assertTrue(headers["Content-Type"].startswith(
            "application/openmetrics-text; version=1.0.0"))
        self.assertTrue(text.endswith("# EOF\n"))
        families = re.findall(r"^# TYPE (\S+) counter$", text, re.M)
        self.assertIn("flywheel_job_updates", families)
        self.assertFalse([f for f in families if f.endswith("_total")])
        self.assertIn('flywheel_job_updates_total{job="seen"}', text)

    def test_promtool_finds_nothing_to_say(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("SKIPPED: promtool (package prometheus) is missing")
        got = subprocess.run([promtool, "check", "metrics"], text=True,
                             input=get(self.address, "/metrics")[2],
                             capture_output=True, timeout=60)
        self.assertEqual((got.returncode, got.stdout + got.stderr), (0, ""))


class Alone(unittest.TestCase):
    """Servers with a configuration of their own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flywheel-admin-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text, mode=0o600):
        path = pathlib.Path(self.folder) / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def server(self, *flags):
        s = ft.Server(*flags, data=f"{self.folder}/data{len(flags)}")
        self.addCleanup(s.remove)
        self.addCleanup(s.stop)
        return s

    def fails(self, code, text, *flags):
        got = subprocess.run(
            [ft.program("FLYWHEELD"), "--listen", "127.0.0.1:0",
             "--data", f"{self.folder}/failing", *flags],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, code, got.stderr)
        self.assertIn(text, got.stderr)

    def test_a_token_guards_all_but_health(self):
        token = self.write("token", TOKEN + "\n")
        config = self.write("c.yaml", f"admin:\n  token_file: {token}\n"
                            "  hosts: [box.example]\n")
        s = self.server("--config", str(config))
        self.assertEqual(get(s.admin, "/healthz")[0], 200)
        self.assertEqual(get(s.admin, "/readyz")[0], 200)
        for path in ("/metrics", "/api/v1/jobs", "/events", "/nothing"):
            for headers in ({}, {"Authorization": "Bearer wrong"},
                            {"Authorization": f"Basic {TOKEN}"},
                            {"Authorization": f"Bearer {TOKEN}x"},
                            {"Authorization": f"Bearer {TOKEN[:-1]}"},
                            {"Authorization": "Bearer "}):
                got = get(s.admin, path, headers=headers)
                self.assertEqual(got[0], 401, (path, headers))
                self.assertIn("Bearer", got[1]["WWW-Authenticate"])
        good = {"Authorization": f"Bearer {TOKEN}", "Host": "box.example"}
        self.assertEqual(get(s.admin, "/metrics", headers=good)[0], 200)
        self.assertNotIn(TOKEN, s.log.read_text())

    def test_two_servers_live_side_by_side(self):
        a, b = self.server(), self.server("--insecure-i-know")
        self.assertNotEqual(a.admin, b.admin)
        one = json.loads(get(a.admin, "/api/v1/server")[2])["incarnation"]
        two = json.loads(get(b.admin, "/api/v1/server")[2])["incarnation"]
        self.assertNotEqual(one, two)

    def test_what_cannot_be_listened_to_is_said_in_one_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.fails(3, f"cannot listen on {address} for the administrator: "
                       "address already in use; choose another with --admin",
                       "--admin", address)
        for bad in ("127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:1x",
                    "127.0.0.x:1"):
            self.fails(2, f"'{bad}' is not IP:PORT", "--admin", bad)
        self.fails(2, "--insecure-i-know", "--admin", "0.0.0.0:0")

    def test_a_token_file_that_is_not_fit_is_refused(self):
        for text, mode, want in (
                ("short\n", 0o600, "a token has 16 to 256 characters"),
                (TOKEN + "\n", 0o644, "others may read it"),
                ("", 0o600, "it is empty"),
                ("with blanks in the middle\n", 0o600, "no blanks")):
            token = self.write("token", text, mode)
            config = self.write("c.yaml", f"admin:\n  token_file: {token}\n")
            self.fails(2, want, "--config", str(config), "--admin",
                       "127.0.0.1:0")
        config = self.write("c.yaml", "admin:\n  token_file: /nowhere/token\n")
        self.fails(2, "/nowhere/token", "--config", str(config), "--admin",
                   "127.0.0.1:0")

    def test_the_other_family_is_listened_to(self):
        try:
            with socket.socket(socket.AF_INET6) as s6:
                s6.bind(("::1", 0))
        except OSError:
            self.skipTest("SKIPPED: this machine has no ::1")
        s = self.server("--admin", "[::1]:0")
        self.assertRegex(s.admin, r"^\[::1\]:[1-9][0-9]*$")
        self.assertEqual(get(s.admin, "/readyz")[0], 200)

    def test_off_is_off(self):
        s = self.server("--admin", "off")
        self.assertIsNone(s.admin)

    def test_too_many_connections_are_turned_away_and_room_is_made(self):
        s = self.server()
        host, port = s.admin.rsplit(":", 1)
        held = [socket.create_connection((host, int(port)), timeout=20)
                for _ in range(160)]
        extra = socket.create_connection((host, int(port)), timeout=20)
        self.assertIn(b"503 Service Unavailable", extra.recv(4096))
        extra.close()
        held.pop().close()
        ft.wait_for("room", lambda: self.admitted(s.admin))
        for c in held:
            c.close()

    def test_streams_leave_room_for_scrapes(self):
        s = self.server()
        streams = [Stream(s.admin, "/events") for _ in range(128)]
        self.assertEqual({t.status for t in streams}, {"HTTP/1.1 200 OK\r\n"})
        ft.wait_for("128 streams",
                    lambda: metrics(s.admin)["flywheel_http_streams"] == 128)
        got = get(s.admin, "/events")
        self.assertEqual(got[0], 503)
        self.assertEqual(got[1]["Retry-After"], "1")
        self.assertEqual(json.loads(got[2])["error"]["reason"], "OVERLOADED")
        for t in streams:
            t.close()

    def test_rubbish_harms_nobody(self):
        """Requests with bytes changed, dropped and doubled; the seed is 6."""
        s = self.server()
        draw = random.Random(6)
        good = (f"GET /api/v1/jobs/x/events?limit=3 HTTP/1.1\r\nHost: {s.admin}"
                "\r\nAccept: */*\r\nContent-Length: 0\r\nConnection: close"
                "\r\n\r\n").encode()
        for _ in range(600):
            data = bytearray(good)
            for _ in range(draw.randrange(1, 6)):
                at = draw.randrange(len(data))
                what = draw.randrange(3)
                if what == 0:
                    data[at] = draw.randrange(256)
                elif what == 1:
                    del data[at]
                else:
                    data[at:at] = data[at:at + draw.randrange(64)] * 3
            host, port = s.admin.rsplit(":", 1)
            with socket.create_connection((host, int(port)), 20) as c:
                try:
                    c.sendall(bytes(data))
                    c.shutdown(socket.SHUT_WR)
                    answer = c.recv(65536)
                except ConnectionError:
                    continue
            self.assertTrue(not answer or answer.startswith(b"HTTP/1.1 "),
                            (bytes(data), answer))
        self.assertEqual(get(s.admin, "/healthz")[0], 200)

    def admitted(self, address):
        try:
            return get(address, "/healthz")[0] == 200
        except (http.client.HTTPException, OSError):
            return False

    def test_who_says_nothing_is_hung_up_on(self):
        s = self.server()
        host, port = s.admin.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as c:
            c.sendall(b"GET /healthz HT")  # and no more
            self.assertEqual(c.recv(4096), b"")
        self.assertEqual(metrics(s.admin)["flywheel_http_timeouts_total"], 1)

    def test_a_server_that_drains_says_so(self):
        s = self.server()
        create(s, "job")
        watch = S.status_grpc.StatusServiceStub(s.channel).WatchStatus(
            S.status.WatchStatusRequest(job="job", interval_ms=100),
            timeout=60)
        next(watch)
        self.assertEqual(get(s.admin, "/readyz")[0], 200)
        os.kill(s.process.pid, signal.SIGTERM)

        def said():
            try:
                return get(s.admin, "/readyz")[::2] == (503, "draining\n")
            except OSError:
                return s.process.poll() is not None and self.fail("too late")
        try:
            ft.wait_for("the word", said)
        finally:
            watch.cancel()
        self.assertEqual(s.process.wait(timeout=60), 0)

    def test_a_stream_does_not_hold_up_the_end(self):
        s = self.server()
        create(s, "job")
        streams = [Stream(s.admin, "/events") for _ in range(8)]
        self.assertEqual(s.stop(signal.SIGTERM), 0)
        for stream in streams:
            while stream.next():
                pass
            stream.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
