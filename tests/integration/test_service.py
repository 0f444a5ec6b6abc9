#!/usr/bin/python3
"""The service from the .proto files alone, with Python's grpcio: a job is
created, trained and watched, and every refusal is named and harmless."""
import pathlib
import queue
import sys
import unittest

import grpc
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
DETAILS = "grpc-status-details-bin"


def reason_of(error):
    """The ErrorInfo reason in a failed call's trailer."""
    from google.rpc import error_details_pb2, status_pb2
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS:
            status = status_pb2.Status.FromString(value)
            info = error_details_pb2.ErrorInfo()
            status.details[0].Unpack(info)
            assert info.domain == "flywheel"
            return info.reason
    return None


class Stream:
    """A Train stream: send requests, receive answers."""

    def __init__(self, stub, job, session):
        self.requests = queue.Queue()
        self.answers = stub.Train(iter(self.requests.get, None), timeout=60)
        self.send(open=S.training.TrainOpen(job=job, session=session))
        self.opened = self.next().opened

    def send(self, **body):
        self.requests.put(S.training.TrainRequest(**body))

    def next(self):
        return next(self.answers)

    def push(self, sequence, base, gradient, **more):
        self.send(gradient=S.training.GradientChunk(
            sequence=sequence, base_version=base, data=gradient.tobytes(),
            **more))
        return self.next().ack

    def pull(self, n):
        self.send(parameters=S.training.ParametersRequest())
        chunk = self.next().parameters
        return np.frombuffer(chunk.data, "<f4").copy(), chunk.version

    def close(self):
        self.requests.put(None)


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ft.Server()
        channel = cls.server.channel
        cls.training = S.training_grpc.TrainingServiceStub(channel)
        cls.jobs = S.job_grpc.JobServiceStub(channel)
        cls.status = S.status_grpc.StatusServiceStub(channel)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.log.read_text()
        cls.server.remove()
        assert code == 0, f"the server ended with {code}:\n{log}"

    def create(self, name, n=3, law=None, **controller):
        spec = S.model.JobSpec(
            name=name,
            tensors=[S.model.Tensor(name="w", shape=[n])],
            controller=S.model.Controller(
                law=law or S.model.LAW_COUNT, reference_momentum=0.9,
                reference_learning_rate=0.01, **controller))
        self.jobs.CreateJob(S.job.CreateJobRequest(spec=spec), timeout=10)

    def join(self, job, worker="w1", **more):
        more.setdefault("protocol_min", 1)
        more.setdefault("protocol_max", 1)
        return self.training.Join(
            S.training.JoinRequest(job=job, worker=worker, **more), timeout=10)

    def initialize(self, job, values):
        return self.training.Initialize(
            iter([S.training.InitializeRequest(job=job,
                                               data=values.tobytes())]),
            timeout=10)

    def parameters(self, job, n):
        chunks = list(self.training.Pull(S.training.PullRequest(job=job),
                                         timeout=10))
        data = b"".join(c.data for c in chunks)
        self.assertEqual(len(data), 4 * n)
        return np.frombuffer(data, "<f4"), chunks[0].version

    def get_status(self, job):
        return self.status.GetStatus(
            S.status.GetStatusRequest(job=job), timeout=10).jobs[0]

    def refused(self, code, reason, call, *args, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            result = call(*args, **more)
            list(result)  # streams fail when they are read
        self.assertEqual(caught.exception.code(), code,
                         caught.exception.details())
        self.assertEqual(reason_of(caught.exception), reason)
        return caught.exception.details()

    def test_a_linear_model_is_learned(self):
        self.create("linear", n=3, law=S.model.LAW_FIXED)
        rng = np.random.default_rng(1)
        want = np.array([1.5, -2.0, 0.5], "<f4")
        session = self.join("linear").session
        self.initialize("linear", np.zeros(3, "<f4"))
        stream = Stream(self.training, "linear", session)
        w, version = stream.pull(3)
        for i in range(1, 201):
            x = rng.standard_normal((16, 3)).astype("<f4")
            error = x @ (w - want)
            ack = stream.push(i, version, (x.T @ error / 16).astype("<f4"),
                              samples=16, loss=float((error ** 2).mean()))
            self.assertEqual(ack.reason, "")
            self.assertEqual(ack.version, i)
            self.assertEqual(ack.staleness, 0)
            w, version = stream.pull(3)
        stream.close()
        np.testing.assert_allclose(w, want, atol=0.05)
        status = ft.wait_for("200 gradients in the status", lambda: (
            lambda s: s if s.gradients_applied == 200 else None)(
                self.get_status("linear")))
        self.assertEqual(status.samples, 3200)
        self.assertEqual(status.worker[0].gradients, 200)
        self.assertLess(status.loss.training, 0.1)

    def test_one_worker_with_law_fixed_equals_sgd(self):
        self.create("sgd", n=1000, law=S.model.LAW_FIXED)
        rng = np.random.default_rng(2)
        w = rng.standard_normal(1000)
        u = np.zeros(1000)
        session = self.join("sgd").session
        self.initialize("sgd", w.astype("<f4"))
        w = w.astype("<f4").astype(float)
        stream = Stream(self.training, "sgd", session)
        for i in range(1, 201):
            g = rng.standard_normal(1000).astype("<f4")
            stream.push(i, i - 1, g)
            u = 0.9 * u + g
            w = w - 0.01 * u
        stream.close()
        got, version = self.parameters("sgd", 1000)
        self.assertEqual(version, 200)
        self.assertLess(np.abs(got - w).max() / np.abs(w).max(), 1e-5)

    def test_momentum_falls_as_workers_join_and_rises_as_they_leave(self):
        self.create("momentum")
        seen = []
        sessions = []
        for i in range(4):
            sessions.append(self.join("momentum", f"w{i}").session)
            ft.wait_for("the worker in the status", lambda n=i + 1: (
                self.get_status("momentum").workers == n))
            seen.append(self.get_status("momentum").momentum.momentum)
        np.testing.assert_allclose(seen, [0.9, 0.4, 0.9 - 2 / 3, 0.15])
        step = self.get_status("momentum").momentum
        self.assertAlmostEqual(step.effective_step, 0.1)
        for s in sessions:
            self.training.Leave(S.training.LeaveRequest(
                job="momentum", session=s), timeout=10)
        ft.wait_for("the reference momentum", lambda: abs(
            self.get_status("momentum").momentum.momentum - 0.9) < 1e-9)
        decisions = self.status.ListDecisions(
            S.status.ListDecisionsRequest(job="momentum"), timeout=10).decisions
        self.assertEqual(len(decisions), 9)
        self.assertIn("4 workers (w3 joined)", decisions[4].sentence)
        self.assertIn("0.233 -> 0.15", decisions[4].sentence)

    def test_pin_takes_effect_and_auto_gives_back(self):
        self.create("pin", n=2)
        session = self.join("pin").session
        self.initialize("pin", np.zeros(2, "<f4"))
        stream = Stream(self.training, "pin", session)
        self.jobs.SetController(S.job.SetControllerRequest(
            job="pin", law=S.model.LAW_MANUAL, momentum=0.3, who="ann",
            why="a test"), timeout=10)
        ack = stream.push(1, 0, np.ones(2, "<f4"))
        self.assertAlmostEqual(ack.momentum, 0.3)
        self.assertAlmostEqual(ack.learning_rate, 0.07)
        answer = self.jobs.SetController(
            S.job.SetControllerRequest(job="pin"), timeout=10)
        self.assertIn("0.3 -> 0.9", answer.sentence)
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "CONTROLLER_INVALID",
                     self.jobs.SetController, S.job.SetControllerRequest(
                         job="pin", law=S.model.LAW_MANUAL, momentum=1.5))
        stream.close()

    def test_refused_gradients_change_nothing(self):
        self.create("poison", n=4, law=S.model.LAW_FIXED)
        session = self.join("poison").session
        self.initialize("poison", np.arange(4, dtype="<f4"))
        stream = Stream(self.training, "poison", session)
        before, _ = self.parameters("poison", 4)
        bad = np.ones(4, "<f4")
        for i, value in enumerate((np.nan, np.inf, -np.inf), 1):
            bad[2] = value
            ack = stream.push(i, 0, bad)
            self.assertEqual(ack.reason, "NON_FINITE")
            self.assertEqual(ack.version, 0)
        good = np.ones(4, "<f4")
        self.assertEqual(stream.push(4, 9, good).reason, "VERSION_AHEAD")
        self.assertEqual(stream.push(9, 0, good).reason, "SEQUENCE_GAP")
        again = stream.push(4, 0, good)
        self.assertTrue(again.duplicate)
        after, version = self.parameters("poison", 4)
        np.testing.assert_array_equal(before, after)
        self.assertEqual(version, 0)
        # Three of them in a hundred: an operator must let the worker in again.
        self.assertEqual(stream.push(5, 0, good).reason, "QUARANTINED")
        status = ft.wait_for("the status", lambda: (
            lambda j: j if j.quarantined else None)(
                self.status.GetStatus(S.status.GetStatusRequest(job="poison"),
                                      timeout=10).jobs[0]))
        self.jobs.ReleaseWorker(S.job.ReleaseWorkerRequest(
            job="poison", worker=status.worker[0].name), timeout=10)
        self.assertEqual(stream.push(6, 0, good).version, 1)
        stream.close()

    def test_wrong_requests_are_named(self):
        C = grpc.StatusCode
        self.create("named", n=3)
        tensor = S.model.Tensor
        self.refused(C.NOT_FOUND, "JOB_NOT_FOUND", self.join, "nobody")
        details = self.refused(
            C.INVALID_ARGUMENT, "SHAPE_MISMATCH", self.join, "named",
            tensors=[tensor(name="w", shape=[4])])
        self.assertIn("[4]", details)
        self.assertIn("[3]", details)
        self.refused(C.INVALID_ARGUMENT, "UNKNOWN_TENSOR", self.join, "named",
                     tensors=[tensor(name="x", shape=[3])])
        self.refused(C.INVALID_ARGUMENT, "NAME_INVALID", self.join, "named",
                     worker="../etc")
        self.refused(C.FAILED_PRECONDITION, "PROTOCOL_UNSUPPORTED", self.join,
                     "named", protocol_min=7, protocol_max=9)
        self.join("named", "twin")
        self.refused(C.ALREADY_EXISTS, "WORKER_EXISTS", self.join, "named",
                     "twin")
        self.refused(C.ALREADY_EXISTS, "JOB_EXISTS", self.create, "named")
        self.refused(C.INVALID_ARGUMENT, "JOB_INVALID", self.create, "bad",
                     n=0)
        self.refused(C.FAILED_PRECONDITION, "NOT_INITIALIZED",
                     self.training.Pull, S.training.PullRequest(job="named"))
        self.refused(C.ABORTED, "SESSION_UNKNOWN", Stream, self.training,
                     "named", b"0123456789abcdef")
        self.refused(C.UNIMPLEMENTED, "METHOD_UNKNOWN",
                     self.server.channel.unary_unary("/flywheel.v1.No/Such"),
                     b"")
        self.refused(C.INVALID_ARGUMENT, "NON_FINITE", self.initialize,
                     "named", np.array([1, np.nan, 2], "<f4"))

    def test_chunks_out_of_order_end_the_stream(self):
        self.create("order", n=8)
        session = self.join("order").session
        self.initialize("order", np.zeros(8, "<f4"))
        stream = Stream(self.training, "order", session)
        stream.send(gradient=S.training.GradientChunk(
            sequence=1, offset=4, data=bytes(16)))
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "CHUNK_INVALID",
                     stream.next)
        stream.close()

    def test_a_message_above_one_mib_is_refused(self):
        self.create("large", n=3)
        session = self.join("large").session
        stream = Stream(self.training, "large", session)
        stream.send(gradient=S.training.GradientChunk(
            sequence=1, data=bytes((1 << 20) + 1)))
        with self.assertRaises(grpc.RpcError) as caught:
            stream.next()
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.RESOURCE_EXHAUSTED)
        stream.close()

    def test_a_half_sent_gradient_leaves_no_trace(self):
        self.create("half", n=8)
        session = self.join("half").session
        self.initialize("half", np.zeros(8, "<f4"))
        stream = Stream(self.training, "half", session)
        stream.send(gradient=S.training.GradientChunk(
            sequence=1, data=np.ones(4, "<f4").tobytes()))
        stream.close()
        list(stream.answers)
        values, version = self.parameters("half", 8)
        self.assertEqual(version, 0)
        np.testing.assert_array_equal(values, np.zeros(8))

    def test_bf16_travels_both_ways(self):
        self.create("bf16", n=2, law=S.model.LAW_FIXED)
        session = self.join("bf16", wire_dtype=S.model.DTYPE_BF16).session
        self.initialize("bf16", np.array([1.0, -2.5], "<f4"))
        stream = Stream(self.training, "bf16", session)
        stream.send(parameters=S.training.ParametersRequest())
        self.assertEqual(stream.next().parameters.data,
                         b"\x80\x3f\x20\xc0")
        ack = stream.push(1, 0, np.array([0x3f80, 0x3f80], "<u2"))
        self.assertEqual(ack.version, 1)
        values, _ = self.parameters("bf16", 2)
        np.testing.assert_allclose(values, [0.99, -2.51], rtol=1e-6)
        stream.close()

    def test_a_lost_worker_is_seen_within_its_lease(self):
        spec = S.model.JobSpec(
            name="lease", tensors=[S.model.Tensor(name="w", shape=[1])],
            controller=S.model.Controller(reference_momentum=0.9,
                                          reference_learning_rate=0.1),
            limits=S.model.Limits(lease_ms=2000))
        self.jobs.CreateJob(S.job.CreateJobRequest(spec=spec), timeout=10)
        self.join("lease", "a")
        self.join("lease", "b")
        status = ft.wait_for("both leases to run out", lambda: (
            lambda s: s if s.workers_lost == 2 else None)(
                self.get_status("lease")))
        self.assertEqual({w.state for w in status.worker},
                         {S.status.WORKER_STATE_LOST})
        self.assertAlmostEqual(status.momentum.momentum, 0.9)
        self.join("lease", "a")

    def test_watchers_get_the_newest_status(self):
        self.create("watch")
        watch = self.status.WatchStatus(S.status.WatchStatusRequest(
            job="watch", interval_ms=100), timeout=30)
        self.assertEqual(next(watch).job.workers, 0)
        self.join("watch")
        for answer in watch:
            if answer.job.workers == 1:
                break
        watch.cancel()

    def test_jobs_are_listed_and_deleted(self):
        self.create("short")
        names = self.jobs.ListJobs(S.job.ListJobsRequest(), timeout=10).jobs
        self.assertIn("short", names)
        self.jobs.DeleteJob(S.job.DeleteJobRequest(job="short"), timeout=10)
        self.refused(grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND",
                     self.jobs.GetJob, S.job.GetJobRequest(job="short"))

    def test_health_and_reflection_answer(self):
        health = S.health_grpc.grpc  # grpcio itself; the paths are standard
        check = self.server.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=S.health.HealthCheckRequest.SerializeToString,
            response_deserializer=S.health.HealthCheckResponse.FromString)
        self.assertIsNotNone(health)
        answer = check(S.health.HealthCheckRequest(), timeout=10)
        self.assertEqual(answer.status, S.health.HealthCheckResponse.SERVING)
        R = S.reflection
        reflect = self.server.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=R.ServerReflectionRequest.SerializeToString,
            response_deserializer=R.ServerReflectionResponse.FromString)
        answers = list(reflect(iter([
            R.ServerReflectionRequest(list_services="*"),
            R.ServerReflectionRequest(
                file_containing_symbol="flywheel.v1.TrainingService.Join"),
            R.ServerReflectionRequest(file_containing_symbol="no.such"),
        ]), timeout=10))
        services = {s.name for s in answers[0].list_services_response.service}
        self.assertEqual(services, {
            "flywheel.v1.TrainingService", "flywheel.v1.JobService",
            "flywheel.v1.CheckpointService", "flywheel.v1.StatusService", "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection"})
        files = answers[1].file_descriptor_response.file_descriptor_proto
        self.assertEqual(len(files), 2)  # the service and the model
        self.assertEqual(answers[2].error_response.error_code, 5)


if __name__ == "__main__":
    unittest.main()
