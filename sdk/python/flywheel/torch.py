"""flywheel for PyTorch: an optimizer whose step is a round with the server.

    opt = flywheel.torch.Optimizer(model, "127.0.0.1:7070", "digits")
    for x, y in batches:
        opt.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        opt.step(loss, samples=len(x))

The model's parameters and gradients become parts of two flat tensors, which the
server's parameters are received into and the gradient is sent from: nothing is
copied on the way.  Momentum, learning rate and schedule are the job's, on the
server; buffers (running means of a BatchNorm) stay with the worker.
"""
import math

import torch

from .errors import Invalid, Stale
from .worker import Worker

#: Refusals of one gradient that are the fate of slow workers, no mistake.
_TOO_LATE = ("LATE", "TOO_STALE")


class Optimizer:
    """A torch optimizer in manner: zero_grad(), step().

    model       a torch.nn.Module on the CPU, in float32; all its parameters
                that want a gradient are trained and must be the job's
    everything else as in flywheel.Worker

    The model gets the job's parameters at once.  `version` is theirs; `ack` is
    the server's last answer; `refused` counts gradients that came too late.
    """

    def __init__(self, model, address="127.0.0.1:7070", job="", **options):
        self._parameters = [(name, p) for name, p in model.named_parameters()
                            if p.requires_grad]
        for name, p in self._parameters:
            if p.dtype != torch.float32 or p.device.type != "cpu":
                raise Invalid(f"'{name}' is {p.dtype} on {p.device}: want "
                              "torch.float32 on the CPU")
        self.worker = Worker(address, job, self._parameters, **options)
        self.ack = None
        self.refused = 0
        values = torch.from_numpy(self.worker.parameters)
        slopes = torch.from_numpy(self.worker.gradient)
        self._slopes, at = [], 0
        for _, p in self._parameters:
            end = at + p.numel()
            p.data = values[at:end].view_as(p)
            p.grad = slopes[at:end].view_as(p)
            self._slopes.append(p.grad)
            at = end
        self.worker.pull()

    @property
    def version(self):
        return self.worker.version

    def zero_grad(self, set_to_none=False):
        """Gradients become zero.  They stay where they are: `set_to_none` is
        there for code that gives it, and does not lose the memory."""
        self.worker.gradient.fill(0)
        self._take_back()

    def _take_back(self):
        """Put gradients that someone has replaced where they are sent from."""
        for (_, p), slope in zip(self._parameters, self._slopes):
            if p.grad is slope:
                continue
            if p.grad is not None:
                slope.copy_(p.grad)
            p.grad = slope

    def step(self, loss=math.nan, samples=0, closure=None):
        """Send the gradient, receive the newest parameters; an Ack.

        loss      of the batch, for the status; a tensor or a number
        samples   in the batch
        closure   computes the loss of the same batch once more and calls
                  backward(); with it the server's wish for a probe of the
                  curvature, about once in 100 steps, is granted

        None if the gradient came too late to be used: then the parameters are
        the newest, and it is no error.
        """
        self._take_back()
        loss = float(loss.detach()) if torch.is_tensor(loss) else float(loss)
        curvature = self._probe(closure) if closure else 0.0
        try:
            self.ack = self.worker.round(loss=loss, samples=samples,
                                         curvature=curvature)
        except Stale as why:
            if why.reason not in _TOO_LATE:
                raise
            self.refused += 1
            self.worker.pull()
            return None
        return self.ack

    def _probe(self, closure):
        if not self.worker.wants_probe:
            return 0.0
        w = self.worker
        here, slope = w.parameters.copy(), w.gradient.copy()

        def compute(parameters, gradient):
            w.parameters[:] = parameters
            self.zero_grad()
            with torch.enable_grad():
                closure()
            self._take_back()
            gradient[:] = w.gradient

        try:
            return w.probe(compute, gradient=slope, parameters=here)
        finally:
            w.parameters[:], w.gradient[:] = here, slope

    def pull(self):
        """Receive the newest parameters without a step; their version."""
        return self.worker.pull()

    def report(self, loss, accuracy=math.nan, samples=0):
        """Tell the job how the model does on held-out data."""
        self.worker.report(float(loss), accuracy=float(accuracy),
                           samples=samples)

    def close(self):
        """Leave the job; the model keeps its parameters.  Safe twice."""
        self.worker.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
