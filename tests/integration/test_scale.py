#!/usr/bin/python3
"""Many workers, workers that die, and a model of 25 million parameters."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
WORKERS = 64
ELEMENTS = 25_000_000
BLOCK = 131_072
ROUNDS = 4


class Scale(unittest.TestCase):
    def setUp(self):
        self.server = ft.Server()
        channel = self.server.channel
        self.training = S.training_grpc.TrainingServiceStub(channel)
        self.jobs = S.job_grpc.JobServiceStub(channel)
        self.status = S.status_grpc.StatusServiceStub(channel)

    def tearDown(self):
        self.assertEqual(self.server.stop(), 0, self.server.log.read_text())
        self.server.remove()

    def create(self, name, tensors, **limits):
        self.jobs.CreateJob(S.job.CreateJobRequest(spec=S.model.JobSpec(
            name=name, tensors=tensors,
            controller=S.model.Controller(law=S.model.LAW_COUNT,
                                          reference_momentum=0.9,
                                          reference_learning_rate=0.001),
            limits=S.model.Limits(**limits))), timeout=30)

    def get_status(self, job):
        return self.status.GetStatus(S.status.GetStatusRequest(job=job),
                                     timeout=10).jobs[0]

    def test_64_worker_processes_train_and_half_of_them_die(self):
        flywheel = ft.program("FLYWHEEL")
        self.create("many", [S.model.Tensor(name="fc1.weight", shape=[10, 784]),
                             S.model.Tensor(name="fc1.bias", shape=[10])],
                    lease_ms=3000)
        environment = dict(os.environ, FLYWHEEL_SERVER=self.server.address)
        workers = [subprocess.Popen(
            [flywheel, "worker", "--job", "many", "--name", f"w{i}",
             "--model", "logistic", "--data", "digits:100", "--batch", "4",
             "--slowdown", "3"],
            env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE) for i in range(WORKERS)]
        try:
            ft.wait_for("64 workers that have pushed", lambda: sum(
                w.gradients > 0 for w in self.get_status("many").worker)
                == WORKERS, 90)
            status = self.get_status("many")
            self.assertEqual(status.workers, WORKERS)
            self.assertEqual(status.gradients_refused, 0)
            for w in workers[::2]:
                w.send_signal(signal.SIGKILL)
            ft.wait_for("the lost ones", lambda: self.get_status(
                "many").workers_lost == WORKERS // 2, 30)
            status = self.get_status("many")
            lost = {w.name for w in status.worker
                    if w.state == S.status.WORKER_STATE_LOST}
            self.assertEqual(lost, {f"w{i}" for i in range(0, WORKERS, 2)})
            version = status.version
            ft.wait_for("the rest to go on", lambda: self.get_status(
                "many").version > version + WORKERS)
            for w in workers[1::2]:
                self.assertIsNone(w.poll())
                w.send_signal(signal.SIGTERM)
            for w in workers[1::2]:
                error = w.communicate(timeout=30)[1].decode()
                self.assertNotIn("refused", error.splitlines()[-1])
            ft.wait_for("all to have left", lambda: self.get_status(
                "many").workers == 0)
        finally:
            for w in workers:
                w.kill()
                w.wait()
                w.stderr.close()

    def stream(self, job, n):
        """Push `n` gradients of zeros and receive the parameters each time."""
        session = self.training.Join(S.training.JoinRequest(
            job=job, worker=threading.current_thread().name, protocol_min=1,
            protocol_max=1), timeout=30).session
        go = threading.Semaphore(1)

        def requests():
            yield S.training.TrainRequest(
                open=S.training.TrainOpen(job=job, session=session))
            for i in range(1, n + 1):
                go.acquire()
                for at in range(0, ELEMENTS, BLOCK):
                    size = min(BLOCK, ELEMENTS - at)
                    yield S.training.TrainRequest(
                        gradient=S.training.GradientChunk(
                            sequence=i, offset=at, want_parameters=True,
                            data=bytes(4 * size)))

        received = 0
        for answer in self.training.Train(requests(), timeout=300):
            if answer.HasField("ack"):
                self.assertEqual(answer.ack.reason, "")
            elif answer.HasField("parameters"):
                received += len(answer.parameters.data)
                if received % (4 * ELEMENTS) == 0:
                    self.peak = max(self.peak, self.server.rss_bytes())
                    go.release()
        if received == 4 * ELEMENTS * n:
            self.done.append(threading.current_thread().name)

    def test_25_million_parameters_fit_into_five_times_their_size(self):
        self.create("large", [S.model.Tensor(name="w", shape=[ELEMENTS])])
        self.training.Initialize(
            (S.training.InitializeRequest(
                job="large", offset=at,
                data=bytes(4 * min(BLOCK, ELEMENTS - at)))
             for at in range(0, ELEMENTS, BLOCK)), timeout=60)
        self.done, self.peak = [], 0
        threads = [threading.Thread(target=self.stream, args=("large", ROUNDS),
                                    name=f"t{i}") for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(self.done), ["t0", "t1", "t2", "t3"])
        high = next(int(line.split()[1]) * 1024 for line in pathlib.Path(
            f"/proc/{self.server.process.pid}/status").read_text().splitlines()
            if line.startswith("VmHWM"))
        ratio = high / (4 * ELEMENTS)
        print(f"peak RSS at 25 M parameters, 4 workers: {ratio:.2f}x")
        self.assertLess(ratio, 5.0)


if __name__ == "__main__":
    unittest.main()
