#!/usr/bin/python3
"""T12, the other way round: crowds that ask for much and do not read it are
closed, and a worker beside them hardly notices."""
import os
import pathlib
import select
import socket
import statistics
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import h2_abuse  # noqa: E402
import test_restart  # noqa: E402

S = test_restart.S
SLOW = int(os.environ.get("FW_SLOW", "50"))
UNREAD_MS = int(os.environ.get("FW_UNREAD_MS", "2000"))
# What is asked of a machine that does nothing else; others are loaded.
STRICT = os.environ.get("FW_STRICT") == "1"
CLOSED_S = UNREAD_MS / 1000 + 2  # a look, and a loaded machine
LARGE = 1_000_000  # elements of the job that is asked for
WINDOW_S = UNREAD_MS / 6000  # of each rate
ACK = 1  # flag of PING and SETTINGS
PULL = b"/flywheel.v1.TrainingService/Pull"


class Reader:
    """Asks for parameters; reads what comes, but never allows for more."""

    def __init__(self, address, buffer=0):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if buffer:  # before it connects, or TCP has promised more
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect((host, int(port)))
        request = S.training.PullRequest(job="large").SerializeToString()
        frame = h2_abuse.frame
        self.socket.sendall(
            h2_abuse.PREFACE + frame(h2_abuse.SETTINGS, 0, 0)
            + frame(h2_abuse.HEADERS, h2_abuse.END_HEADERS, 1,
                    h2_abuse.headers(PULL))
            + frame(h2_abuse.DATA, 1, 1, b"\0"
                    + struct.pack(">I", len(request)) + request))
        self.socket.setblocking(False)
        self.have = b""

    def read(self):
        """Answer what has to be; false: it was closed."""
        try:
            more = self.socket.recv(1 << 20)
            self.have += more
            while len(self.have) >= 9:
                n = int.from_bytes(self.have[:3], "big")
                if len(self.have) < 9 + n:
                    break
                kind, flags = self.have[3:5]
                body, self.have = self.have[9:9 + n], self.have[9 + n:]
                if kind in (h2_abuse.PING, h2_abuse.SETTINGS) and not flags:
                    self.socket.send(h2_abuse.frame(
                        kind, ACK, 0, body if kind == h2_abuse.PING else b""))
            return more != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


class SlowReaders(unittest.TestCase):
    def setUp(self):
        self.cluster = test_restart.Cluster(
            f"limits:\n  unread_ms: {UNREAD_MS}\n")
        self.addCleanup(self.cluster.remove)
        self.cluster.create()
        channel = self.cluster.server.channel
        S.job_grpc.JobServiceStub(channel).CreateJob(S.job.CreateJobRequest(
            spec=S.model.JobSpec(
                name="large", tensors=[S.model.Tensor(name="w",
                                                      shape=[LARGE])],
                controller=S.model.Controller(
                    law="LAW_FIXED", reference_momentum=0.5,
                    reference_learning_rate=0.1))), timeout=60)
        step = 100_000
        S.training_grpc.TrainingServiceStub(channel).Initialize((
            S.training.InitializeRequest(job="large", offset=i,
                                         data=bytes(4 * step))
            for i in range(0, LARGE, step)), timeout=60)

    def fds(self):
        return len(os.listdir(f"/proc/{self.cluster.server.process.pid}/fd"))

    def version(self):
        return self.cluster.status.GetStatus(
            S.status.GetStatusRequest(job="sum"), timeout=10).jobs[0].version

    def rate(self, poll=None, readers=()):
        """Steps a second; meanwhile readers do as they do."""
        before, begun = self.version(), time.monotonic()
        while time.monotonic() < begun + WINDOW_S:
            self.serve(poll, readers)
        return (self.version() - before) / (time.monotonic() - begun)

    def serve(self, poll, readers):
        if not poll:
            ft.select_nothing(0.1)
            return
        for fd, _ in poll.poll(100):
            if not readers[fd].read():
                poll.unregister(fd)

    def crowd(self, what, reads, buffer=0):
        without = [self.rate()]
        fds, memory = self.fds(), self.cluster.server.rss_bytes()
        crowd = [Reader(self.cluster.server.address, buffer)
                 for _ in range(SLOW)]
        begun = time.monotonic()
        readers = {r.socket.fileno(): r for r in crowd}
        poll = select.poll() if reads else None
        if reads:
            for fd in readers:
                poll.register(fd, select.POLLIN)
        ft.wait_for("all to be let in", lambda: self.fds() >= fds + SLOW)
        beside = []
        while WINDOW_S < begun + UNREAD_MS / 1000 - time.monotonic():
            beside.append(self.rate(poll, readers))
        grown = self.cluster.server.rss_bytes() - memory
        while self.fds() > fds + 4:
            self.assertLess(time.monotonic(), begun + CLOSED_S, what)
            self.serve(poll, readers)
        closed = time.monotonic() - begun
        for r in crowd:
            r.socket.close()
        without.append(self.rate())
        slower = 1 - statistics.median(beside) / statistics.mean(without)
        print(f"T12 {what}: {SLOW} closed, the last after {closed:.1f} s; "
              f"{grown / 1024 / SLOW:.0f} KiB each; steps of a worker "
              f"{-100 * slower:+.1f} %", flush=True)
        return slower

    def test_who_does_not_read_is_closed(self):
        """T12"""
        worker = self.cluster.worker(0, "push", 200)
        self.addCleanup(lambda: worker.poll() is None and worker.kill())
        ft.wait_for("training", lambda: self.version() > 100)
        slower = [self.crowd("who reads nothing", False),
                  self.crowd("who has no room in TCP", False, 4096),
                  self.crowd("who reads and allows for no more", True)]
        out, _ = worker.communicate(timeout=60)
        self.assertIn("lost 0 status 0", out)
        self.assertLess(max(slower), 0.05 if STRICT else 0.9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
