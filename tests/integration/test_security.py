#!/usr/bin/python3
"""Who may do what: every method of every service with every kind of caller,
and TLS: who is let in, and how a certificate changes while the server runs.

The methods come from the descriptors, so that a new one fails here until it is
put into TABLE."""
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]
                       / "support"))
from flywheel_test import Server, program, stubs, wait_for  # noqa: E402

import grpc  # noqa: E402

S = stubs()
import flywheel.v1.checkpoint_service_pb2 as checkpoint  # noqa: E402

# Which roles may call a method: w(orker), v(iewer), o(perator), a(dmin).
TABLE = {
    "Train": "wa", "Pull": "wvoa", "Initialize": "woa", "Join": "wa",
    "Leave": "wa", "Report": "wa",
    "CreateJob": "oa", "GetJob": "wvoa", "ListJobs": "voa", "DeleteJob": "a",
    "SetController": "oa", "ReleaseWorker": "oa",
    "SaveCheckpoint": "oa", "ListCheckpoints": "voa",
    "VerifyCheckpoints": "oa", "RestoreCheckpoint": "a",
    "GetStatus": "wvoa", "ListDecisions": "voa", "GetTrace": "voa",
    "WatchStatus": "voa", "ListRuns": "voa", "GetHistory": "voa",
}
ROLES = {"w": "worker", "v": "viewer", "o": "operator", "a": "admin"}
REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


def flywheel(*words, **more):
    return subprocess.run([program("FLYWHEEL"), *words], text=True,
                          capture_output=True, timeout=60, **more)


def established(port):
    """Connections to this port of ours."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [l for l in lines if l.split()[2].endswith(f":{port:04X}")
            and l.split()[3] == "01"]


def methods():
    """(service, method descriptor) of all our services."""
    for module in (S.training, S.job, S.status, checkpoint):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield service.full_name, method


def request_bytes(method, job):
    """A message of the method's type that names `job`, if it can."""
    from google.protobuf import message_factory
    kind = method.input_type
    message = message_factory.MessageFactory().GetPrototype(kind)()
    if "job" in kind.fields_by_name:
        message.job = job
        if "session" in kind.fields_by_name:
            message.session = bytes(16)
        if "worker" in kind.fields_by_name:
            message.worker = "w"
    elif "open" in kind.fields_by_name:
        message.open.job = job
    elif "spec" in kind.fields_by_name:
        message.spec.name = job
    return message.SerializeToString()


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.made = 0
        made = flywheel("job", "create", "--name", "mine", "--tensors", "w=4",
                        "--server", cls.server.address)
        assert made.returncode == 0, made.stderr
        made = flywheel("job", "create", "--name", "other", "--tensors", "w=4",
                        "--server", cls.server.address)
        assert made.returncode == 0, made.stderr
        cls.tokens = {k: cls.token(role) for k, role in ROLES.items()}
        cls.narrow = {k: cls.token(role, "mine") for k, role in ROLES.items()}
        cls.revoked = cls.token("admin")
        done = flywheel("token", "revoke", cls.revoked.split("_")[1],
                        "--data", cls.server.data)
        assert done.returncode == 0, done.stderr
        wait_for("the tokens to be asked for",
                 lambda: cls.code_of("GetStatus", None) in REFUSED)
        wait_for("the revoked one to be gone",
                 lambda: cls.code_of("GetStatus", cls.revoked) in REFUSED)
        wait_for("the last one to be known", lambda: cls.code_of(
            "GetStatus", cls.narrow["a"]) not in REFUSED)

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.server.remove()

    @classmethod
    def token(cls, role, job=None):
        words = ["token", "create", "--role", role, "--data", cls.server.data]
        made = flywheel(*words, *(["--job", job] if job else []))
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    @classmethod
    def call(cls, service, method, token, job):
        """The status code with which a call ends; OK if an answer came."""
        meta = [("authorization", "Bearer " + token)] if token else None
        call = cls.server.channel.stream_stream(
            f"/{service}/{method.name}")(
                iter([request_bytes(method, job)]), metadata=meta, timeout=10)
        try:
            next(iter(call), None)
            if not call.done() and call.is_active():
                call.cancel()
                return grpc.StatusCode.OK
            return call.code()
        except grpc.RpcError as e:
            return e.code()

    @classmethod
    def code_of(cls, name, token, job=""):
        for service, method in methods():
            if method.name == name:
                return cls.call(service, method, token, job)
        raise KeyError(name)

    def test_every_method_is_in_the_table(self):
        names = {m.name for _, m in methods()}
        self.assertEqual(names - TABLE.keys(), set())

    def test_nobody_without_a_good_token_may_call_anything(self):
        good = self.tokens["a"]
        wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
        for token in (None, self.revoked, wrong, "x", good + "0"):
            for service, method in methods():
                with self.subTest(method=method.name, token=str(token)[:12]):
                    self.assertEqual(self.call(service, method, token, "mine"),
                                     grpc.StatusCode.UNAUTHENTICATED)

    def test_every_role_may_call_what_the_table_says(self):
        for service, method in methods():
            for key, token in self.tokens.items():
                if method.name in ("DeleteJob", "RestoreCheckpoint") and \
                        key == "a":
                    job = "never-made"
                else:
                    job = "mine"
                with self.subTest(method=method.name, role=ROLES[key]):
                    code = self.call(service, method, token, job)
                    if key in TABLE[method.name]:
                        self.assertNotIn(code, REFUSED)
                    else:
                        self.assertEqual(code,
                                         grpc.StatusCode.PERMISSION_DENIED)

    def test_a_token_of_one_job_is_refused_at_another(self):
        for service, method in methods():
            if not request_bytes(method, "x"):
                continue
            for key, token in self.narrow.items():
                with self.subTest(method=method.name, role=ROLES[key]):
                    code = self.call(service, method, token, "other")
                    self.assertEqual(code, grpc.StatusCode.PERMISSION_DENIED)

    def test_a_token_of_one_job_sees_that_job_only(self):
        import json
        path = pathlib.Path(self.server.data) / "narrow"
        path.write_text(self.narrow["v"])
        seen = flywheel("status", "--json", "--server", self.server.address,
                        "--token-file", str(path))
        self.assertEqual(seen.returncode, 0, seen.stderr)
        names = [j["name"] if "name" in j else j["spec"]["name"]
                 for j in json.loads(seen.stdout)["jobs"]]
        self.assertEqual(names, ["mine"])

    def test_health_is_open(self):
        health = S.health_grpc.HealthStub(self.server.channel)
        answer = health.Check(S.health.HealthCheckRequest(), timeout=10)
        self.assertEqual(answer.status, 1)


class ExitCodes(unittest.TestCase):
    """2: what was configured wrongly; 3: what the system refuses."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-exit-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def ends(self, code, text, *flags, config="{}\n"):
        path = self.folder / "flywheeld.yaml"
        path.write_text(config)
        got = subprocess.run(
            [program("FLYWHEELD"), "--admin", "off", "--data",
             str(self.folder / "data"), "--config", str(path), *flags],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, code, got.stderr)
        self.assertIn(text, got.stderr)

    def test_an_address_that_is_none(self):
        for bad in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1",
                    "127.0.0.1:65536", "127.0.0.1:18446744073709551617", ""):
            self.ends(2, "a port 0 to 65535", "--listen", bad)
        self.ends(2, "a port 0 to 65535", config="listen: 127.0.0.1:99999\n")

    def test_an_address_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.ends(3, "in use", "--listen",
                      "127.0.0.1:%d" % taken.getsockname()[1])

    def test_a_file_that_does_not_serve(self):
        book = self.folder / "book"
        book.write_text("not a certificate\n")
        for path, why in (("/nowhere/cert.pem", "No such file"),
                          (book, "the certificate does not serve")):
            self.ends(2, why, "--listen", "127.0.0.1:0",
                      config=f"tls: {{cert: {path}, key: {path}}}\n")
        self.ends(2, "line 1 is no token", "--listen", "127.0.0.1:0",
                  config=f"auth: {{tokens: {book}}}\n")
        (self.folder / "data/tokens").write_text("not a token\n")
        self.ends(4, "line 1 is no token", "--listen", "127.0.0.1:0")


class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.make("old")

    def make(self, name):
        made = flywheel("certs", "init", str(self.folder / name))
        self.assertEqual(made.returncode, 0, made.stderr)
        return self.folder / name

    def serve(self, client_ca=True, more=""):
        live = self.folder / "live"
        shutil.copytree(self.folder / "old", live)
        config = self.folder / "flywheeld.yaml"
        ca = f"  client_ca: {live}/ca.pem\n" if client_ca else ""
        config.write_text(f"tls:\n  cert: {live}/server.pem\n"
                          f"  key: {live}/server.key\n{ca}{more}")
        server = Server("--config", str(config))
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        return server, live

    def is_open(self, s):
        s.setblocking(False)
        try:
            return s.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def test_connections_have_a_cap(self):
        server, live = self.serve(more="limits: {max_connections: 8, "
                                  "handshake_ms: 60000}\n")
        host, port = server.address.rsplit(":", 1)
        crowd = [socket.create_connection((host, int(port)), 10)
                 for _ in range(40)]
        wait_for("who is too many to be cut",
                 lambda: sum(map(self.is_open, crowd)) <= 8)
        self.assertEqual(sum(map(self.is_open, crowd)), 8)
        self.assertIn("why=too_many_connections", server.log.read_text())
        for s in crowd:
            s.close()
        wait_for("a place", lambda: self.status(
            server, *self.flags(live)).returncode == 0)

    def status(self, server, *flags):
        return flywheel("status", "--server", server.address,
                        "--timeout", "2000", *flags)

    def flags(self, certs, mutual=True):
        flags = ["--ca", f"{certs}/ca.pem"]
        if mutual:
            flags += ["--cert", f"{certs}/client.pem",
                      "--key", f"{certs}/client.key"]
        return flags

    def test_mutual_tls_lets_in_who_has_a_certificate_and_nobody_else(self):
        server, live = self.serve()
        self.assertEqual(self.status(server, *self.flags(live)).returncode, 0)
        for flags in ([], self.flags(live, mutual=False),
                      self.flags(self.make("strange"))):
            refused = self.status(server, *flags)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(server.address, refused.stderr)

    def test_server_tls_needs_no_certificate_of_the_client(self):
        server, live = self.serve(client_ca=False)
        self.assertEqual(
            self.status(server, *self.flags(live, mutual=False)).returncode, 0)
        self.assertNotEqual(self.status(server).returncode, 0)

    def test_a_new_certificate_is_used_after_sighup(self):
        server, live = self.serve()
        new = self.make("new")
        for file in new.iterdir():
            shutil.copy(file, live / file.name)
        old = self.folder / "old"
        self.assertEqual(self.status(server, *self.flags(old)).returncode, 0)
        server.process.send_signal(signal.SIGHUP)
        wait_for("the new certificate", lambda: self.status(
            server, *self.flags(new)).returncode == 0)
        self.assertNotEqual(self.status(server, *self.flags(old)).returncode,
                            0)

    def test_a_certificate_that_cannot_be_read_leaves_the_old_in_force(self):
        server, live = self.serve()
        (live / "server.key").unlink()
        server.process.send_signal(signal.SIGHUP)
        wait_for("the reload to be told of",
                 lambda: "server.key" in server.log.read_text())
        self.assertEqual(
            self.status(server, *self.flags(self.folder / "old")).returncode,
            0)

    def test_training_goes_through_mutual_tls_with_a_token(self):
        server, live = self.serve()
        made = flywheel("job", "create", "--name", "a", "--model", "mlp",
                        "--server", server.address, *self.flags(live))
        self.assertEqual(made.returncode, 0, made.stderr)
        token = flywheel("token", "create", "--role", "worker", "--job", "a",
                         "--data", server.data).stdout
        path = self.folder / "token"
        path.write_text(token)
        wait_for("tokens to be asked for", lambda: self.status(
            server, *self.flags(live)).returncode != 0)
        worked = flywheel("worker", "--job", "a", "--server", server.address,
                          "--model", "mlp", "--epochs", "1", "--token-file", str(path),
                          *self.flags(live))
        self.assertEqual(worked.returncode, 0, worked.stderr)

    def job(self, server, certs):
        """A job named a, and how to ask about it."""
        made = flywheel("job", "create", "--name", "a", "--model", "mlp",
                        "--server", server.address, *self.flags(certs))
        self.assertEqual(made.returncode, 0, made.stderr)
        channel = grpc.secure_channel(
            server.address, grpc.ssl_channel_credentials(*(
                (certs / name).read_bytes()
                for name in ("ca.pem", "client.key", "client.pem"))))
        self.addCleanup(channel.close)
        return S.training_grpc.TrainingServiceStub(channel)

    def lane(self, certs, port, mutual=True):
        """A connection with the handshake made."""
        context = ssl.create_default_context(cafile=certs / "ca.pem")
        if mutual:
            context.load_cert_chain(certs / "client.pem", certs / "client.key")
        plain = socket.create_connection(("127.0.0.1", port), 10)
        self.addCleanup(plain.close)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")

    def opens(self, lane, session):
        """Whether a Train stream begins there."""
        data = S.training.TrainRequest(open=S.training.TrainOpen(
            job="a", session=session)).SerializeToString()
        lane.sendall(b"flywheel-lane-1\n" + struct.pack("<I", len(data)) + data)
        n = struct.unpack("<I", lane.recv(4))[0]
        return S.training.TrainResponse.FromString(
            lane.recv(n)).HasField("opened")

    def join(self, stub):
        joined = stub.Join(S.training.JoinRequest(
            job="a", worker="w", protocol_min=1, protocol_max=1), timeout=10)
        self.assertEqual(joined.lane_port, 0)
        self.assertGreater(joined.lane_tls_port, 0)
        return joined

    def test_a_lane_is_under_the_same_tls(self):
        server, live = self.serve()
        joined = self.join(self.job(server, live))
        for greet in (b"flywheel-lane-1\n", b"\x16\x03\x01" + bytes(200)):
            with socket.create_connection(
                    ("127.0.0.1", joined.lane_tls_port), 10) as plain:
                plain.sendall(greet)
                try:
                    while plain.recv(100):
                        pass  # an alert
                except ConnectionResetError:
                    pass
        wait_for("the log to tell",
                 lambda: "lane_refused" in server.log.read_text())
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.opens(self.lane(live, joined.lane_tls_port, mutual=False),
                       joined.session)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.lane(self.make("strange"), joined.lane_tls_port)
        self.assertTrue(self.opens(self.lane(live, joined.lane_tls_port),
                                   joined.session))

    def test_a_lane_gets_the_new_certificate_and_open_ones_stay(self):
        server, live = self.serve()
        stub = self.job(server, live)
        old = self.folder / "old"
        joined = self.join(stub)
        kept = self.lane(old, joined.lane_tls_port)
        self.assertTrue(self.opens(kept, joined.session))
        new = self.make("new")
        for file in new.iterdir():
            shutil.copy(file, live / file.name)
        server.process.send_signal(signal.SIGHUP)

        def is_new():
            try:
                self.lane(new, joined.lane_tls_port).close()
                return True
            except ssl.SSLError:
                return False
        wait_for("the new certificate", is_new)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.opens(self.lane(old, joined.lane_tls_port), joined.session)
        beat = S.training.TrainRequest(
            heartbeat=S.training.Heartbeat()).SerializeToString()
        kept.sendall(struct.pack("<I", len(beat)) + beat)
        self.assertGreater(len(kept.recv(4)), 0)

    def test_workers_train_through_memory_and_over_a_lane_under_tls(self):
        server, live = self.serve()
        joined = self.join(self.job(server, live))
        maps = pathlib.Path(f"/proc/{server.process.pid}/maps")
        near = subprocess.Popen(
            [program("FLYWHEEL"), "worker", "--job", "a", "--server",
             server.address, "--model", "mlp", "--epochs", "1000",
             *self.flags(live)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(near.wait, 60)
        self.addCleanup(near.terminate)
        wait_for("a ring", lambda: "memfd:flywheel-ring" in maps.read_text())
        self.assertFalse(established(joined.lane_tls_port))
        wait_for("versions", lambda: json.loads(self.status(
            server, "--json", *self.flags(live)).stdout
        )["jobs"][0]["version"] > 0)
        far = subprocess.Popen(  # its odd number asks for TCP
            [pathlib.Path(os.environ["FW_BUILD"]) / "tests/sum_driver",
             server.address, "a", "far", str(joined.n_elements), "1", "round"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={
                **os.environ, "FLYWHEEL_CA": f"{live}/ca.pem",
                "FLYWHEEL_CERT": f"{live}/client.pem",
                "FLYWHEEL_KEY": f"{live}/client.key"})
        wait_for("a connection to the lanes",
                 lambda: established(joined.lane_tls_port))
        out, _ = far.communicate(timeout=60)
        self.assertEqual(far.returncode, 0, out)

    def test_an_open_address_without_tls_needs_a_word(self):
        data = str(self.folder / "data")
        end = subprocess.run([program("FLYWHEELD"), "--listen", "0.0.0.0:0",
                              "--data", data], text=True, capture_output=True,
                             timeout=60)
        self.assertEqual(end.returncode, 2)
        self.assertIn("--insecure-i-know", end.stderr)


if __name__ == "__main__":
    os.environ.pop("FLYWHEEL_TOKEN_FILE", None)
    unittest.main(verbosity=2)
