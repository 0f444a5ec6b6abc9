#!/usr/bin/python3
"""Debian's Prometheus scrapes a live server; its rules hold; the book for
operators names every metric, event and alert there is."""
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import flywheel_test as ft  # noqa: E402

TOP = HERE.parents[1]
DEPLOY = TOP / "deploy/prometheus"
BOOK = (TOP / "docs/operations.md").read_text()
DRIVER = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / \
    "tests/sum_driver"
ELEMENTS = 1000
METRIC = re.compile(r"\b(?:flywheel|process)_[a-z0-9_]+")


def program(name):
    path = shutil.which(name)
    if not path:
        print(f"SKIPPED: {name} (Debian package prometheus) is missing")
        raise unittest.SkipTest(f"{name} is missing")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def families(text):
    """{family: type}; counters with their _total."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


class Rules(unittest.TestCase):
    def check(self, *words):
        got = subprocess.run([program("promtool"), *words], cwd=DEPLOY,
                             capture_output=True, text=True, timeout=120)
        self.assertEqual(got.returncode, 0, got.stdout + got.stderr)

    def test_the_configuration_and_its_rules_are_valid(self):
        self.check("check", "config", "prometheus.yml")
        self.check("check", "rules", "alerts.yml")

    def test_alerts_fire_when_they_should_and_only_then(self):
        self.check("test", "rules", "alerts_test.yml")

    def test_every_alert_is_tested_and_has_a_page(self):
        alerts = re.findall(r"alert: (\w+)", (DEPLOY / "alerts.yml")
                            .read_text())
        tests = (DEPLOY / "alerts_test.yml").read_text()
        self.assertGreaterEqual(len(alerts), 6)
        for alert in alerts:
            self.assertIn(f"- name: {alert}\n", tests)
            self.assertIn(f"\n### {alert}\n", BOOK)
            self.assertIn(f"runbook: docs/operations.md#{alert.lower()}",
                          (DEPLOY / "alerts.yml").read_text())


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stubs = ft.stubs()
        cls.config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        cls.config.write("checkpoint:\n  interval_s: 1\n")
        cls.config.flush()
        cls.server = ft.Server("--config", cls.config.name)
        cls.create("live")
        cls.worker = subprocess.Popen(
            [DRIVER, cls.server.address, "live", "w1", str(ELEMENTS), "0",
             "round", "1000"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ft.wait_for("a gradient", lambda: re.search(
            r"^flywheel_job_updates_total\S+ [1-9]",
            fetch(f"http://{cls.server.admin}/metrics"), re.M))

    @classmethod
    def tearDownClass(cls):
        cls.worker.stdin.close()
        cls.worker.wait(timeout=30)
        code = cls.server.stop()
        cls.server.remove()
        cls.config.close()
        assert code == 0, code

    @classmethod
    def create(cls, job):
        s = cls.stubs
        s.job_grpc.JobServiceStub(cls.server.channel).CreateJob(
            s.job.CreateJobRequest(spec=s.model.JobSpec(
                name=job, tensors=[s.model.Tensor(name="w",
                                                  shape=[ELEMENTS])],
                controller=s.model.Controller(
                    law="LAW_FIXED", reference_momentum=0.5,
                    reference_learning_rate=0.01))), timeout=10)
        s.training_grpc.TrainingServiceStub(cls.server.channel).Initialize(
            iter([s.training.InitializeRequest(
                job=job, offset=0, data=bytes(4 * ELEMENTS))]), timeout=10)

    def exposed(self):
        return families(fetch(f"http://{self.server.admin}/metrics"))

    def test_every_metric_is_in_the_book_and_the_other_way_round(self):
        documented = set(re.findall(r"^\| `((?:flywheel|process)_[a-z0-9_]+)",
                                    BOOK, re.M))
        self.assertEqual(set(self.exposed()), documented)

    def test_rules_and_dashboard_ask_only_for_what_there_is(self):
        names = set(self.exposed())
        for name, kind in self.exposed().items():
            if kind == "histogram":
                names |= {f"{name}_{s}" for s in ("bucket", "sum", "count")}
        for path in (DEPLOY / "alerts.yml", DEPLOY / "alerts_test.yml",
                     TOP / "deploy/grafana/flywheel.json"):
            asked = set(METRIC.findall(path.read_text()))
            self.assertGreater(len(asked), 10, path)
            self.assertEqual(asked - names, set(), path)

    def test_every_event_is_in_the_book(self):
        told = re.findall(r'tell\(&?t, "(\w+)"',
                          (TOP / "server/http/events.c").read_text())
        self.assertGreater(len(told), 10)
        for event in told:
            self.assertIn(f"\n| `{event}` |", BOOK)

    def test_prometheus_scrapes_a_live_server(self):
        prometheus = program("prometheus")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-prometheus-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copy(DEPLOY / "alerts.yml", folder)
        config = (DEPLOY / "prometheus.yml").read_text()
        for old, new in (("127.0.0.1:7071", self.server.admin),
                         ("scrape_interval: 5s", "scrape_interval: 1s"),
                         ("evaluation_interval: 15s",
                          "evaluation_interval: 1s")):
            self.assertIn(old, config)
            config = config.replace(old, new)
        (folder / "prometheus.yml").write_text(config)
        address = f"127.0.0.1:{free_port()}"
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [prometheus, f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address={address}"], stderr=log)
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.terminate)

        def query(text):
            """{labels as a tuple: value} of an instant query."""
            try:
                got = json.loads(fetch(
                    f"http://{address}/api/v1/query?" +
                    urllib.parse.urlencode({"query": text})))
            except OSError:
                return {}
            return {tuple(sorted(r["metric"].items())): float(r["value"][1])
                    for r in got["data"]["result"]}

        def value(text):
            return next(iter(query(text).values()), None)
        ft.wait_for("the first scrape",
                    lambda: value('up{job="flywheel"}') == 1, 60)
        ft.wait_for("a rate", lambda: (value(
            'rate(flywheel_job_updates_total{job="live"}[10s])') or 0) > 0, 60)
        self.assertEqual(value(
            'flywheel_job_workers{job="live",state="connected"}'), 1)
        self.assertEqual(value('flywheel_job_parameters{job="live"}'),
                         ELEMENTS)
        self.assertEqual(value("histogram_quantile(0.5, sum by (le) (rate("
                               "flywheel_job_staleness_bucket[10s])))"), 0)
        self.assertEqual(
            value('count({__name__=~"flywheel_.+"})') >= 50, True)
        self.assertEqual(query('ALERTS{alertstate="firing"}'), {})
        rules = json.loads(fetch(f"http://{address}/api/v1/rules"))
        states = [r["health"] for g in rules["data"]["groups"]
                  for r in g["rules"]]
        self.assertEqual(set(states), {"ok"})
        targets = json.loads(fetch(f"http://{address}/api/v1/targets"))
        self.assertEqual(targets["data"]["activeTargets"][0]["lastError"], "")
        self.see_an_alert_fire_and_end(query)

    def see_an_alert_fire_and_end(self, query):
        firing = 'ALERTS{alertname="FlywheelDegraded",alertstate="firing"}'
        pid = self.server.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (1000, resource.RLIM_INFINITY))
        ft.wait_for("the alert", lambda: query(firing), 60)
        self.assertIn(("job", "live"), next(iter(query(firing))))
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ft.wait_for("its end", lambda: not query(firing), 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
