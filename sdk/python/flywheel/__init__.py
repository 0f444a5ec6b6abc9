"""flywheel for Python: a worker of a training job, on libflywheel.

    import flywheel

    with flywheel.Worker("127.0.0.1:7070", "digits", params) as worker:
        worker.pull()
        while training:
            loss = compute(worker.parameters, worker.gradient)
            worker.round(loss=loss, samples=32)

`params` maps names to float32 arrays of numpy or tensors of PyTorch, or is a
torch.nn.Module; with a module, flywheel.torch.Optimizer does the rest
(docs/pytorch.md).  There is nothing to build: this is ctypes over
libflywheel.so, found by $FLYWHEEL_LIBRARY, beside this package or where the
system keeps libraries.
"""
from .errors import (Busy, Closed, Corrupt, Denied, Exists, FlywheelError,
                     Internal, Invalid, IOFailed, NoMemory, NotFound,
                     Precondition, Stale, TimedOut, Unavailable, Unsupported)
from .worker import Ack, Worker, tensors

__all__ = [
    "Ack", "Busy", "Closed", "Corrupt", "Denied", "Exists", "FlywheelError",
    "IOFailed", "Internal", "Invalid", "NoMemory", "NotFound", "Precondition",
    "Stale", "TimedOut", "Unavailable", "Unsupported", "Worker", "tensors",
    "version",
]


def version():
    """The version of libflywheel, as "0.1.0"."""
    from . import library
    return library.load().fw_version().decode()
