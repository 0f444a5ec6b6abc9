#!/usr/bin/python3
"""sdk/python: workers in numpy and PyTorch learn, without copies, and what
goes wrong has a type, a reason and a mend."""
import gc
import logging
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest

import numpy as np

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/support"), str(TOP / "sdk/python")]
import flywheel_test as ft  # noqa: E402
import tiny_digits  # noqa: E402

BUILD = pathlib.Path(os.environ.get("FW_BUILD", TOP / "build-dev")).resolve()
os.environ["FLYWHEEL_LIBRARY"] = str(BUILD / "sdk/libflywheel.so.0")
import flywheel  # noqa: E402
from flywheel import errors, library  # noqa: E402

try:
    import torch
    import flywheel.torch
except ImportError:
    torch = None
    print("SKIPPED: python3-torch is not installed: flywheel.torch is not "
          "tested", file=sys.stderr)

ROUNDS = 500
HIDDEN = 64


def mlp(seed=1):
    random = np.random.default_rng(seed)
    return {
        "0.weight": random.normal(0, 0.1, (HIDDEN, 144)).astype(np.float32),
        "0.bias": np.zeros(HIDDEN, np.float32),
        "2.weight": random.normal(0, 0.1, (10, HIDDEN)).astype(np.float32),
        "2.bias": np.zeros(10, np.float32),
    }


def scores(p, x):
    hidden = np.maximum(x @ p["0.weight"].T + p["0.bias"], 0)
    return hidden, hidden @ p["2.weight"].T + p["2.bias"]


def backward(p, g, x, labels):
    """Fills in the gradient; the loss."""
    hidden, y = scores(p, x)
    share = np.exp(y - y.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(share[rows, labels] + 1e-12).mean()
    share[rows, labels] -= 1
    dy = share / len(labels)
    dh = (dy @ p["2.weight"]) * (hidden > 0)
    g["2.weight"][:], g["2.bias"][:] = dy.T @ hidden, dy.sum(0)
    g["0.weight"][:], g["0.bias"][:] = dh.T @ x, dh.sum(0)
    return float(loss)


def accuracy(p):
    x, labels = tiny_digits.batch(np.random.default_rng(99), 500)
    return float((scores(p, x)[1].argmax(1) == labels).mean())


def together(n, work):
    """work(0) ... work(n - 1) in threads; what they return."""
    results, failures = [None] * n, []

    def call(i):
        try:
            results[i] = work(i)
        except BaseException as why:
            failures.append(why)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]
    return results


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ft.Server()
        cls.address = cls.server.address

    @classmethod
    def tearDownClass(cls):
        gc.collect()
        code = cls.server.stop()
        cls.server.remove()
        assert code == 0, code

    def create(self, job, params, *flags, server=None):
        done = subprocess.run(
            [ft.program("FLYWHEEL"), "job", "create", "--server",
             (server or self.server).address, "--name", job, "--tensors", flywheel.tensors(params),
             "--learning-rate", "0.1", *flags],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)


class Numpy(WithServer):
    def train(self, job, **options):
        def work(i):
            random = np.random.default_rng(i)
            with flywheel.Worker(self.address, job, mlp(), name=f"w{i}",
                                 grpc_only=i == 1, **options) as w:
                w.pull()
                for _ in range(ROUNDS):
                    x, labels = tiny_digits.batch(random, 32)
                    loss = backward(w.views, w.gradient_views, x, labels)
                    ack = w.round(loss=loss, samples=32)
                w.pull()
                return ack, {k: v.copy() for k, v in w.views.items()}
        done = together(2, work)
        # Whoever ends first pulls a model that is not finished.
        return max(done, key=lambda r: r[0].version)

    def test_a_worker_of_this_machine_shares_memory_unless_it_is_told(self):
        self.create("near", mlp(), "--law", "fixed", "--momentum", "0.5")
        for i, (told, rings) in enumerate((({}, 1), ({"no_local": True}, 0),
                                           ({"grpc_only": True}, 0))):
            with flywheel.Worker(f"flywheel://{self.address}", "near", mlp(),
                                 name=f"w{i}", **told) as w:
                w.pull()
                maps = pathlib.Path("/proc/self/maps").read_text()
                self.assertEqual(maps.count("memfd:flywheel-ring"), rings)
                self.assertEqual(w.round(loss=1.0, samples=1).version, i + 1)

    def test_two_workers_learn_digits(self):
        self.create("digits", mlp(), "--law", "fixed", "--momentum", "0.5")
        ack, views = self.train("digits")
        self.assertEqual(ack.version, 2 * ROUNDS)
        self.assertGreater(accuracy(views), 0.9)

    def test_they_learn_with_coarse_gradients_too(self):
        for wire in "bf16", "int8", "topk:0.05":
            job = "digits-" + wire.split(":")[0]
            self.create(job, mlp(), "--law", "fixed", "--momentum", "0.5")
            self.assertGreater(accuracy(self.train(job, wire=wire)[1]),
                               0.85, wire)

    def test_arrays_are_used_in_place(self):
        params = {"a": np.arange(6, dtype=np.float32).reshape(2, 3),
                  "b": np.float32(7)}
        self.create("place", params, "--law", "fixed", "--momentum", "0",
                    "--learning-rate", "0.5")
        with flywheel.Worker(self.address, "place", params) as w:
            mine = np.full(7, -1, np.float32)
            self.assertEqual(w.pull(mine), 0)
            np.testing.assert_array_equal(mine, [0, 1, 2, 3, 4, 5, 7])
            self.assertTrue(np.shares_memory(w.views["a"], w.parameters))
            self.assertEqual(w.views["b"].shape, ())
            w.gradient_views["a"][1, 2] = 4
            ack = w.round(np.ones(7, np.float32), mine, samples=1, loss=1.0)
            np.testing.assert_array_equal(mine, np.array(
                [0, 1, 2, 3, 4, 5, 7]) - 0.5)
            self.assertEqual((ack.version, ack.staleness, w.version),
                             (1, 0, 1))
            w.push(samples=1)
            w.pull()
            self.assertEqual(w.views["a"][1, 2], 5 - 0.5 - 2)
            w.report(0.5, accuracy=0.25, samples=10)
        with flywheel.Worker(self.address, "place") as w:
            w.pull()
            self.assertEqual((w.n_elements, w.version, w.views), (7, 2, {}))

    def test_a_probe_is_the_curvature_of_the_batch(self):
        self.create("probe", {"w": np.zeros(3)})
        params = {"w": np.ones(3)}
        # A single worker needs no probes; the first of two does.
        with flywheel.Worker(self.address, "probe", params), \
                flywheel.Worker(self.address, "probe", params) as w:
            w.pull()
            self.assertTrue(w.wants_probe)
            w.gradient[:] = 2 * w.parameters

            def compute(at, out):
                out[:] = 2 * at

            h = w.probe(compute)
            self.assertAlmostEqual(h, 2.0, delta=0.01)

            def fail(at, out):
                raise KeyError("mine")

            with self.assertRaisesRegex(KeyError, "mine"):
                w.probe(fail)
            w.round(curvature=h, samples=1, loss=1.0)


# Its server dies while the interpreter ends, and is missed before the worker
# goes.
LEFT_OPEN = """
import os, select, sys
import numpy as np, flywheel

class Last:
    def __del__(self, kill=os.kill, select=select.select,
                pid=int(sys.argv[2])):
        kill(pid, 9)
        select([], [], [], 1.0)

_last = Last()
w = flywheel.Worker(sys.argv[1], "open", {"w": np.zeros(1)}, no_local=True)
w.pull()
"""


class Failures(WithServer):
    def test_a_job_that_is_not_there(self):
        with self.assertRaises(flywheel.NotFound) as c:
            flywheel.Worker(self.address, "nowhere", {"w": np.zeros(3)})
        self.assertIsInstance(c.exception, LookupError)
        self.assertEqual(c.exception.reason, "JOB_NOT_FOUND")
        self.assertIn("nowhere", str(c.exception))
        self.assertIn("create the job", str(c.exception))

    def test_another_shape_is_named(self):
        self.create("shapes", {"conv": np.zeros((2, 3))})
        with self.assertRaises(flywheel.Invalid) as c:
            flywheel.Worker(self.address, "shapes", {"conv": np.zeros((3, 2))})
        self.assertEqual(c.exception.reason, "SHAPE_MISMATCH")
        self.assertIn("conv", c.exception.text)

    def test_a_refused_gradient_is_no_end(self):
        self.create("nan", {"w": np.zeros(3)})
        with flywheel.Worker(self.address, "nan", {"w": np.zeros(3)}) as w:
            w.pull()
            w.gradient[1] = np.nan
            with self.assertRaises(flywheel.Invalid) as c:
                w.round(samples=1)
            self.assertEqual(c.exception.reason, "NON_FINITE")
            w.gradient[1] = 1
            self.assertEqual(w.round(samples=1).version, 1)

    def test_what_could_only_be_copied_is_refused(self):
        self.create("arrays", {"w": np.zeros(4)})
        with flywheel.Worker(self.address, "arrays", {"w": np.zeros(4)}) as w:
            w.pull()
            strided = np.zeros(8, np.float32)[::2]
            for wrong, says in (
                    (np.zeros(4), r"is float64.*\(x\.astype\(np\.float32\)"),
                    (strided, r"gradient is not contiguous: a view.*"
                              r"\(np\.ascontiguousarray\(x\) is a copy"),
                    (np.zeros((2, 2), np.float32, order="F"),
                     "not contiguous"),
                    (np.zeros(5, np.float32), "5 elements")):
                with self.assertRaisesRegex(flywheel.Invalid, says):
                    w.push(wrong)
            with self.assertRaisesRegex(flywheel.Invalid, "into is not contig"
                                        r".*\(receive into an array of its"):
                w.pull(strided)
            self.assertEqual(w.push(np.ascontiguousarray(strided)).version, 1)
            fixed = np.zeros(4, np.float32)
            fixed.setflags(write=False)
            with self.assertRaisesRegex(flywheel.Invalid, "read-only"):
                w.pull(fixed)
            with self.assertRaises(TypeError):
                w.push([0, 0, 0, 0])
        with self.assertRaises(flywheel.Closed):
            w.pull()
        w.close()

    def test_nobody_listens(self):
        with self.assertRaises(flywheel.Unavailable) as c:
            flywheel.Worker("127.0.0.1:1", "j", {"w": np.zeros(1)},
                            timeout=2.0, reconnect=0)
        self.assertIsInstance(c.exception, ConnectionError)
        self.assertIn("is the server running", str(c.exception))

    def test_a_lost_server_is_told_once_by_the_logger_unless_it_is_not_wanted(
            self):
        for log, lines in ((None, 1), (False, 0)):
            server = ft.Server()
            self.addCleanup(server.remove)
            self.create("away", {"w": np.zeros(1)}, server=server)
            with flywheel.Worker(server.address, "away", {"w": np.zeros(1)},
                                 reconnect=1, log=log) as w:
                w.pull()
                with self.assertLogs("flywheel") as told:
                    logging.getLogger("flywheel").warning("begin")
                    server.process.kill()
                    server.stop()
                    with self.assertRaises(flywheel.Unavailable):
                        while True:
                            w.round(loss=1.0, samples=1)
            self.assertEqual(len(told.output), 1 + lines, told.output)
            if lines:
                self.assertRegex(told.output[1],
                                 r"lost the server at .*; trying again for 1 s")

    def test_a_server_is_lost_also_while_nobody_asks_for_anything(self):
        for no_local in (False, True):
            server = ft.Server()
            self.addCleanup(server.remove)
            self.create("idle", {"w": np.zeros(1)}, server=server)
            told = []
            with flywheel.Worker(server.address, "idle", {"w": np.zeros(1)},
                                 log=told.append, no_local=no_local) as w:
                w.pull()
                server.process.kill()
                server.stop()
                ft.wait_for("a word", lambda: told)
                self.assertIn("lost the server", told[0])

    def test_a_worker_that_is_left_open_does_not_hold_the_end_up(self):
        """The library logs by Python, which is no place to go at its end."""
        server = ft.Server()
        self.addCleanup(server.remove)
        self.create("open", {"w": np.zeros(1)}, server=server)
        left = subprocess.run(
            [sys.executable, "-c", LEFT_OPEN, server.address,
             str(server.process.pid)],
            env=os.environ | {"PYTHONPATH": str(TOP / "sdk/python")},
            timeout=30)
        self.assertEqual(left.returncode, 0)
        server.stop()

    def test_an_option_that_cannot_be(self):
        for wire in "f16", "int8:0.5", "topk:x", "topk:2":
            with self.assertRaises(flywheel.Invalid):
                flywheel.Worker(self.address, "j", {"w": np.zeros(1)},
                                wire=wire)
        with self.assertRaises(flywheel.Invalid):
            flywheel.Worker(self.address, "j", {})


class Agreement(unittest.TestCase):
    """What is written twice is the same."""

    def test_structs_and_kinds_are_those_of_the_header(self):
        header = (TOP / "sdk/include/flywheel/flywheel.h").read_text()
        header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
        for name, mirror in (
                ("fw_err", library.Err), ("fw_tensor", library.Tensor),
                ("fw_worker_options", library.Options),
                ("fw_gradient", library.Gradient), ("fw_ack", library.Ack),
                ("fw_evaluation", library.Evaluation)):
            body = re.search(rf"struct {name} \{{(.*?)\}};", header, re.S)[1]
            fields = re.findall(r"(\w+)(?:\[\w+\])?;", body)
            known = [f[0] for f in mirror._fields_]
            if name == "fw_worker_options":  # a library may know more
                fields = fields[:len(known)]
            self.assertEqual(known, fields, name)
        kinds = re.findall(r"^    X\((\w+), \"", header, re.M)
        self.assertEqual(len(kinds), len(errors._KINDS))
        for kind, mirror in zip(kinds[1:], errors._KINDS[1:]):
            self.assertEqual({"NOMEM": "NOMEMORY", "TIMEOUT": "TIMEDOUT",
                              "IO": "IOFAILED"}.get(kind, kind).replace(
                                  "_", ""), mirror.__name__.upper())

    def test_the_version_is_the_librarys(self):
        self.assertRegex(flywheel.version(), r"^\d+\.\d+\.\d+$")

    def test_without_a_library_it_is_said_where_it_was_looked_for(self):
        done = subprocess.run(
            [sys.executable, "-c", "import flywheel; flywheel.version()"],
            env=dict(os.environ, FLYWHEEL_LIBRARY="/nowhere/x.so",
                     PYTHONPATH=str(TOP / "sdk/python")),
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/x.so", done.stderr)
        self.assertIn("FLYWHEEL_LIBRARY", done.stderr)


@unittest.skipUnless(torch, "python3-torch is not installed")
class Torch(WithServer):
    def example(self):
        """The function of docs/pytorch.md, as it is shown."""
        text = (TOP / "docs/pytorch.md").read_text()
        names = {}
        exec(re.search(r"```python\n(.*?)```", text, re.S)[1], names)
        return names["train"]

    @staticmethod
    def batches(seed, n):
        random = np.random.default_rng(seed)
        for _ in range(n):
            x, labels = tiny_digits.batch(random, 32)
            yield torch.from_numpy(x), torch.from_numpy(labels)

    def test_two_workers_of_the_documentation_learn_digits(self):
        torch.set_num_threads(1)
        self.create("torch", mlp())
        models = together(2, lambda i: self.example()(
            self.batches(i, ROUNDS), self.address, "torch"))
        x, labels = next(self.batches(99, 1))
        right = (models[0](x).argmax(1) == labels).float().mean()
        self.assertGreater(float(right), 0.85)

    def test_the_model_lies_where_the_library_receives(self):
        model = torch.nn.Linear(3, 2)
        first = model.weight.detach().clone()
        self.create("place", model, "--law", "fixed", "--momentum", "0",
                    "--learning-rate", "0.5")
        with flywheel.torch.Optimizer(model, self.address, "place") as opt:
            self.assertEqual(model.weight.data_ptr(),
                             opt.worker.parameters.ctypes.data)
            self.assertTrue(torch.equal(model.weight, first))
            opt.zero_grad(set_to_none=True)
            model.weight.grad = None  # as torch's own zero_grad leaves it
            model(torch.ones(1, 3)).sum().backward()
            ack = opt.step(loss=1.0, samples=1)
            self.assertEqual((ack.version, opt.version), (1, 1))
            self.assertTrue(torch.allclose(model.weight, first - 0.5))
            opt.zero_grad()
            self.assertEqual(float(model.weight.grad.abs().sum()), 0.0)
            mine = torch.zeros(8)
            opt.worker.pull(mine)
            self.assertTrue(torch.equal(mine[:6].view(2, 3), model.weight))
            with self.assertRaisesRegex(flywheel.Invalid, "float64"):
                opt.worker.pull(torch.zeros(8, dtype=torch.float64))

    def test_a_model_of_doubles_is_refused(self):
        with self.assertRaisesRegex(flywheel.Invalid, "float64"):
            flywheel.torch.Optimizer(torch.nn.Linear(1, 1).double(),
                                     self.address, "j")


if __name__ == "__main__":
    unittest.main(verbosity=2)
