"""What the Python tests share: a server of their own and generated stubs."""
import atexit
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import grpc

TOP = pathlib.Path(__file__).resolve().parents[2]


def program(variable):
    """Path of a built program; without one the test is skipped loudly."""
    path = os.environ.get(variable)
    if not path or not os.access(path, os.X_OK):
        print(f"SKIPPED: {variable} does not name a program")
        sys.exit(77)
    return path


def is_sanitized():
    """Is the server built with a sanitizer, whose memory tells nothing?"""
    folder = pathlib.Path(os.environ.get("FW_BUILD", "")).name
    return folder in ("build-asan", "build-tsan")


def wait_for(what, condition, seconds=30.0):
    """Poll until `condition()` is true; its value.  Fails naming `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        select_nothing(0.01)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def select_nothing(seconds):
    """Let other processes run while a condition is polled."""
    import select
    select.select([], [], [], seconds)


def stubs():
    """Generate and import the Python stubs: (module by short name)."""
    out = tempfile.mkdtemp(prefix="flywheel-stubs-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    protos = [str(p) for sub in ("flywheel/v1", "grpc", "google/rpc")
              for p in sorted((TOP / "proto" / sub).glob("*.proto"))]
    for name in ("grpc/health.proto", "grpc/reflection.proto"):
        protos.remove(str(TOP / "proto" / name))
    # A package named grpc would hide grpcio: these two go to the top.
    flat = pathlib.Path(out) / "flat"
    flat.mkdir()
    for name in ("health", "reflection"):
        shutil.copy(TOP / f"proto/grpc/{name}.proto",
                    flat / f"fw_{name}.proto")
    plugin = shutil.which("grpc_python_plugin")
    common = [f"--plugin=protoc-gen-grpc_python={plugin}",
              f"--python_out={out}", f"--grpc_python_out={out}"]
    subprocess.run(["protoc", f"-I{TOP}/proto", *common, *protos], check=True)
    subprocess.run(["protoc", f"-I{flat}", *common,
                    *map(str, sorted(flat.glob("*.proto")))], check=True)
    sys.path.insert(0, out)
    names = {
        "model": "flywheel.v1.model_pb2",
        "training": "flywheel.v1.training_service_pb2",
        "training_grpc": "flywheel.v1.training_service_pb2_grpc",
        "job": "flywheel.v1.job_service_pb2",
        "job_grpc": "flywheel.v1.job_service_pb2_grpc",
        "status": "flywheel.v1.status_service_pb2",
        "status_grpc": "flywheel.v1.status_service_pb2_grpc",
        "checkpoint": "flywheel.v1.checkpoint_service_pb2",
        "checkpoint_grpc": "flywheel.v1.checkpoint_service_pb2_grpc",
        "health": "fw_health_pb2", "health_grpc": "fw_health_pb2_grpc",
        "reflection": "fw_reflection_pb2",
        "reflection_grpc": "fw_reflection_pb2_grpc",
    }
    modules = {k: importlib.import_module(v) for k, v in names.items()}
    return type("Stubs", (), modules)


class Worker(subprocess.Popen):
    """A process that tells much in its log: a pipe that nobody reads until
    the end would fill, and the worker stand still in its next word."""

    def __init__(self, argv):
        self.log = tempfile.TemporaryFile("w+")
        super().__init__(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=self.log, text=True)

    def communicate(self, input=None, timeout=None):
        """What it said and its log."""
        out, _ = super().communicate(input, timeout)
        if not self.log.closed:
            self.log.seek(0)
            self.logged = self.log.read()
            self.log.close()
        return out, self.logged


class Server:
    """flywheeld on a free loopback port, with a data folder of its own."""

    def __init__(self, *flags, data=None):
        self.data = data or tempfile.mkdtemp(prefix="flywheel-test-")
        self.log = pathlib.Path(self.data).with_suffix(".log")
        address = pathlib.Path(self.data) / "flywheeld.address"
        admin = pathlib.Path(self.data) / "flywheeld.admin"
        address.unlink(missing_ok=True)
        admin.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program("FLYWHEELD"), "--listen", "127.0.0.1:0",
                 "--admin", "127.0.0.1:0", "--data", self.data, *flags], stderr=log)
        # One that a failed setUp left would hold the test's output open.
        atexit.register(self.process.kill)
        wait_for("the server's address",
                 lambda: address.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        self.address = address.read_text().strip()
        self.admin = admin.read_text().strip() if admin.exists() else None
        self.channel = grpc.insecure_channel(self.address, options=[
            ("grpc.max_receive_message_length", 1 << 20)])

    def rss_bytes(self):
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(pages.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, number=signal.SIGTERM):
        """End the server; its exit code."""
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        return code

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.log.unlink(missing_ok=True)
