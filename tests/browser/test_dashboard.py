#!/usr/bin/python3
"""The dashboard in Debian's chromium: a server, three workers and an evaluator
that train, one of which is killed.  Screenshots: BUILD/browser/.

Needs chromium, node and playwright-core, which is taken from PLAYWRIGHT_CORE
(the folder that holds it), from BUILD/browser/, or from npm.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from flywheel_test import Server, TOP, program, wait_for  # noqa: E402

PLAYWRIGHT = "playwright-core@1.52.0"
JOB = "digits"
TASK = ["--model", "cnn", "--data", "digits:4000"]


def skip(text):
    print(f"SKIPPED: the dashboard in a browser: {text}")
    sys.exit(77)


def playwright(folder):
    """The folder whose node_modules has playwright-core."""
    for place in filter(None, (os.environ.get("PLAYWRIGHT_CORE"), folder)):
        if (pathlib.Path(place) / "node_modules/playwright-core").is_dir():
            return str(place)
    npm = shutil.which("npm")
    if not npm:
        skip("npm is not installed")
    try:
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts",
             "--prefix", str(folder), PLAYWRIGHT], timeout=90,
            capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        skip(f"npm cannot fetch {PLAYWRIGHT} in 90 s")
    if done.returncode:
        skip(f"npm cannot fetch {PLAYWRIGHT}: {done.stderr[-300:]}")
    return str(folder)


class Crew:
    """Processes that belong to one job and are ended with it."""

    def __init__(self, address):
        self.address = address
        self.children = []

    def start(self, command, *options):
        child = subprocess.Popen(
            [program("FLYWHEEL"), command, "--server", self.address,
             "--job", JOB, *TASK, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def end(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            child.wait(timeout=30)


def main():
    node = shutil.which("node")
    chromium = shutil.which("chromium")
    if not node:
        skip("node is not installed")
    if not chromium:
        skip("chromium is not installed")
    shots = pathlib.Path(os.environ["FW_BUILD"]) / "browser"
    shots.mkdir(exist_ok=True)
    environment = {**os.environ, "FW_PLAYWRIGHT": playwright(shots),
                   "FW_CHROMIUM": chromium}
    server = Server()
    crew = Crew(server.address)
    try:
        subprocess.run(
            [program("FLYWHEEL"), "job", "create", "--server", server.address,
             "--name", JOB, *TASK, "--lease-ms", "2000", "--outlier-norm",
             "-1"], check=True, stdout=subprocess.DEVNULL)
        wait_for("the administrator's address", lambda: server.admin)
        test = [node, str(TOP / "tests/browser/test_dashboard.mjs"),
                f"http://{server.admin}/"]
        code = subprocess.run(test, env=environment, cwd=TOP,
                              timeout=120).returncode
        workers = [crew.start("worker", "--name", f"worker-{i}", "--quiet",
                              "--slowdown", str(2 + 2 * (i == 3)))
                   for i in (1, 2, 3)]
        crew.start("evaluate", "--every", "2")
        code |= subprocess.run(
            [*test, JOB, "worker-2", str(workers[1].pid), str(shots)],
            env=environment, cwd=TOP, timeout=300).returncode
    finally:
        crew.end()
        server.stop()
        server.remove()
    print(f"screenshots: {shots}")
    return code


if __name__ == "__main__":
    sys.exit(main())
