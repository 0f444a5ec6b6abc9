#!/usr/bin/python3
"""The Train stream and the server's life under pressure: what a worker is told
is so, nothing that was asked for is lost, and jobs outlive the server."""
import pathlib
import queue
import signal
import sys
import threading
import unittest

import grpc
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
CHUNK = 131072  # most elements a chunk


class Client:
    """One job on a server of one's own."""

    def __init__(self, server):
        self.channel = server.channel
        self.training = S.training_grpc.TrainingServiceStub(server.channel)
        self.jobs = S.job_grpc.JobServiceStub(server.channel)
        self.status = S.status_grpc.StatusServiceStub(server.channel)

    def create(self, name, n, request_id="", **limits):
        return self.jobs.CreateJob(S.job.CreateJobRequest(
            request_id=request_id, spec=S.model.JobSpec(
                name=name, tensors=[S.model.Tensor(name="w", shape=[n])],
                limits=S.model.Limits(**limits),
                controller=S.model.Controller(
                    law=S.model.LAW_FIXED, reference_momentum=0.5,
                    reference_learning_rate=0.01))), timeout=10)

    def initialize(self, job, values):
        return self.training.Initialize(
            (S.training.InitializeRequest(
                job=job, offset=i, data=values[i:i + CHUNK].tobytes())
             for i in range(0, len(values), CHUNK)), timeout=20)

    def open(self, job, worker):
        session = self.training.Join(S.training.JoinRequest(
            job=job, worker=worker, protocol_min=1, protocol_max=1),
            timeout=10).session
        return Stream(self.training, job, session)

    def pull(self, job):
        chunks = list(self.training.Pull(S.training.PullRequest(job=job),
                                         timeout=20))
        return (np.frombuffer(b"".join(c.data for c in chunks), "<f4"),
                chunks[0].version)

    def get_status(self, job):
        return self.status.GetStatus(
            S.status.GetStatusRequest(job=job), timeout=10).jobs[0]


class Stream:
    def __init__(self, stub, job, session):
        self.requests = queue.Queue()
        self.answers = stub.Train(iter(self.requests.get, None), timeout=60)
        self.send(open=S.training.TrainOpen(job=job, session=session))
        next(self.answers)

    def send(self, **body):
        self.requests.put(S.training.TrainRequest(**body))

    def gradient(self, sequence, base, values, **more):
        for i in range(0, len(values), CHUNK):
            self.send(gradient=S.training.GradientChunk(
                sequence=sequence, base_version=base, offset=i,
                data=values[i:i + CHUNK].tobytes(), **more))

    def read_ack(self):
        return next(self.answers).ack

    def read_version(self, n):
        """A whole transfer: its version."""
        got = 0
        version = None
        while got < n:
            p = next(self.answers).parameters
            assert p.offset == got, (p.offset, got)
            assert version in (None, p.version), "versions are mixed"
            version = p.version
            got += len(p.data) // 4
        return version

    def close(self):
        self.requests.put(None)


class OnOneServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ft.Server()
        cls.client = Client(cls.server)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.log.read_text()
        cls.server.remove()
        assert code == 0, f"the server ended with {code}:\n{log}"

    def test_a_pull_after_an_ack_holds_the_gradient(self):
        c = self.client
        c.create("fresh", 4)
        c.initialize("fresh", np.zeros(4, "<f4"))
        stream = c.open("fresh", "w")
        for i in range(1, 501):
            stream.gradient(i, i - 1, np.ones(4, "<f4"))
            version = stream.read_ack().version
            stream.send(parameters=S.training.ParametersRequest())
            self.assertGreaterEqual(stream.read_version(4), version)
        stream.close()

    def test_two_transfers_asked_for_at_once_both_arrive_whole(self):
        c = self.client
        n = 40 * CHUNK
        c.create("twice", n)
        c.initialize("twice", np.zeros(n, "<f4"))
        stream = c.open("twice", "w")
        for _ in range(3):
            stream.send(parameters=S.training.ParametersRequest())
        for _ in range(3):
            self.assertEqual(stream.read_version(n), 0)
        stream.close()

    def test_a_worker_that_closes_its_side_still_gets_its_acks(self):
        c = self.client
        n = 4 * CHUNK
        c.create("closing", n)
        c.initialize("closing", np.zeros(n, "<f4"))
        stream = c.open("closing", "w")
        for i in (1, 2):
            stream.gradient(i, 0, np.ones(n, "<f4"), want_parameters=i == 2)
        stream.close()
        kinds = [a.WhichOneof("body") for a in stream.answers]
        self.assertEqual(kinds.count("ack"), 2)
        self.assertEqual(kinds.count("parameters"), 4)

    def test_a_large_message_is_refused_by_name(self):
        c = self.client
        c.create("large", 3)
        stream = c.open("large", "w")
        stream.send(gradient=S.training.GradientChunk(
            sequence=1, data=bytes((1 << 20) + 1)))
        with self.assertRaises(grpc.RpcError) as caught:
            next(stream.answers)
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.RESOURCE_EXHAUSTED)
        trailer = dict(caught.exception.trailing_metadata())
        self.assertIn(b"MESSAGE_TOO_LARGE",
                      trailer["grpc-status-details-bin"])

    def test_a_request_id_makes_a_second_request_harmless(self):
        c = self.client
        first = c.create("again", 2, request_id="id-1")
        second = c.create("again", 2, request_id="id-1")
        self.assertEqual(first, second)
        with self.assertRaises(grpc.RpcError):
            c.create("again", 2, request_id="id-2")

    def test_questions_asked_at_once_are_all_answered_in_order(self):
        R = S.reflection
        reflect = self.server.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=R.ServerReflectionRequest.SerializeToString,
            response_deserializer=R.ServerReflectionResponse.FromString)
        for _ in range(20):
            asked = [f"no.such{i}" for i in range(20)]
            answers = reflect(iter([
                R.ServerReflectionRequest(file_containing_symbol=a)
                for a in asked]), timeout=10)
            self.assertEqual(
                [a.original_request.file_containing_symbol for a in answers],
                asked)

    def test_workers_that_wait_for_room_all_finish(self):
        """Room for two gradients, eight workers: they take turns, also with
        broken chunks at the head of the line."""
        for n in (CHUNK, 3 * CHUNK + 5):
            c = self.client
            job = f"narrow-{n}"
            c.create(job, n, buffer_bytes=1)
            c.initialize(job, np.zeros(n, "<f4"))
            bad = []

            def work(name, job=job, n=n, bad=bad):
                try:
                    stream = c.open(job, name)
                    for i in range(1, 11):
                        stream.gradient(i, 0, np.ones(n, "<f4"),
                                        want_parameters=True)
                        assert stream.read_ack().reason == ""
                        stream.read_version(n)
                    stream.send(gradient=S.training.GradientChunk(
                        sequence=11, offset=7, data=bytes(8)))
                    try:
                        next(stream.answers)
                        bad.append("a gap was taken")
                    except grpc.RpcError as e:
                        if e.code() != grpc.StatusCode.INVALID_ARGUMENT:
                            bad.append(e)
                    stream.close()
                except Exception as e:  # noqa: BLE001 - told below
                    bad.append(e)

            threads = [threading.Thread(target=work, args=(f"w{i}",))
                       for i in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(bad, [])
            self.assertEqual(c.pull(job)[1], 80)


class Life(unittest.TestCase):
    def start(self, data=None):
        """A server that ends with the test, whatever happens."""
        server = ft.Server(data=data)
        self.addCleanup(server.stop, signal.SIGKILL)
        self.addCleanup(server.remove)
        return server

    def test_jobs_outlive_the_server_and_deleted_ones_do_not(self):
        server = self.start()
        c = Client(server)
        n = CHUNK + 3
        c.create("kept", n)
        c.create("dropped", 2)
        c.initialize("kept", np.arange(n, dtype="<f4"))
        c.initialize("dropped", np.zeros(2, "<f4"))
        stream = c.open("kept", "w")
        for i in (1, 2):
            stream.gradient(i, i - 1, np.ones(n, "<f4"))
            stream.read_ack()
        stream.close()
        before, version = c.pull("kept")
        self.assertEqual(server.stop(), 0)
        server = self.start(server.data)
        c = Client(server)
        after, again = c.pull("kept")
        self.assertEqual(again, version)
        np.testing.assert_array_equal(before, after)
        # The momentum buffer came back, too: u = 0.5 * 1.5 + 1.
        stream = c.open("kept", "w")
        stream.gradient(1, version, np.ones(n, "<f4"))
        self.assertEqual(stream.read_ack().version, 3)
        stream.close()
        np.testing.assert_allclose(c.pull("kept")[0], before - 0.01 * 1.75,
                                   rtol=1e-6, atol=1e-6)
        c.jobs.DeleteJob(S.job.DeleteJobRequest(job="dropped"), timeout=10)
        self.assertEqual(server.stop(), 0)
        server = self.start(server.data)
        names = Client(server).jobs.ListJobs(S.job.ListJobsRequest(),
                                             timeout=10).jobs
        self.assertEqual(list(names), ["kept"])
        self.assertEqual(server.stop(), 0)

    def test_a_signal_ends_streams_by_name_and_soon(self):
        server = self.start()
        c = Client(server)
        c.create("drained", 2)
        c.initialize("drained", np.zeros(2, "<f4"))
        stream = c.open("drained", "w")
        server.process.send_signal(signal.SIGTERM)
        with self.assertRaises(grpc.RpcError) as caught:
            next(stream.answers)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(server.process.wait(timeout=2), 0)


if __name__ == "__main__":
    unittest.main()
