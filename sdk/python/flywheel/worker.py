"""A worker of a job: flywheel.h's handle, with arrays instead of pointers."""
import ctypes
import logging
import math
import typing
import weakref

import numpy as np

from . import arrays, library
from .errors import Closed, Internal, Invalid, failure


class Ack(typing.NamedTuple):
    """What the server did with a gradient; see flywheel.h."""
    version: int
    durable_version: int
    incarnation: int
    staleness: int
    momentum: float
    learning_rate: float
    lost: int


def tensors(params):
    """What `flywheel job create --tensors` wants to be told about `params`."""
    return ",".join(
        f"{name}:{'x'.join(map(str, shape))}" if shape else name
        for name, shape in ((name, arrays.shape_of(x))
                            for name, x in arrays.named(params)))


def _text(value):
    return None if value is None else str(value).encode()


def _milliseconds(seconds, what):
    if not 0 <= seconds <= 4e6:
        raise Invalid(f"{what} is {seconds} s: want 0 to 4e6")
    return round(seconds * 1000)


def _wire(text):
    """("topk", 0.01) of "topk:0.01"."""
    name, _, share = str(text).partition(":")
    if name not in library.DTYPES or (share and name != "topk"):
        raise Invalid(f"wire '{text}': f32, bf16, int8 or topk[:SHARE]",
                      "DTYPE_UNSUPPORTED")
    try:
        return library.DTYPES[name], float(share or 0)
    except ValueError:
        raise Invalid(f"wire '{text}': the share is no number") from None


class Worker:
    """Join `job` at `address` ("host:port") and stay until close().

    params      {name: array}, [(name, array)], or a torch.nn.Module: names,
                shapes and order must be the job's.  Their values are uploaded
                if the job has none yet.  None: take the job's as they are;
                then there is one flat array and no names.
    name        unique in the job; None: made up
    wire        how floats travel: "f32", "bf16", "int8", "topk[:SHARE]"
    upload      False: do not offer the values as the first parameters
    timeout     seconds a call waits without progress
    reconnect   seconds a call waits for a server that is gone
    log         a function that is told, on another thread, when the server is
                lost and when it is back; None: the logger "flywheel" is, as
                a warning; False: nobody
    ca, cert, key, token_file    files, as in flywheel.h
    grpc_only   True: no connection beside gRPC's
    no_local    True: not through shared memory, although worker and server
                are of one user on one machine

    The worker owns two flat float32 arrays, `parameters` and `gradient`;
    `views` and `gradient_views` are the same memory by name and in shape, so
    what is computed there travels without a copy.  Arrays and tensors of one's
    own are used in place, too.

    One thread at a time may use a worker; the calls let other threads run.
    """

    def __init__(self, address="127.0.0.1:7070", job="", params=None, *,
                 name=None, wire="f32", upload=True, timeout=30.0,
                 reconnect=60.0, log=None, ca=None, cert=None, key=None,
                 token_file=None, grpc_only=False, no_local=False):
        self._handle = None
        self._lib = library.load()
        self._pairs = [] if params is None else arrays.named(params)
        if log is None:
            log = logging.getLogger("flywheel").warning
        self._log = library.LogFn(
            (lambda _, text: log(text.decode(errors="replace"))) if log else 0)
        self._probe_fn = None
        self.version = 0  #: of `parameters`, or of what was pulled last
        n = sum(arrays.size_of(arrays.shape_of(x)) for _, x in self._pairs)
        self.parameters = np.zeros(n, np.float32)
        arrays.flatten(self._pairs, self.parameters)
        o = library.Options()
        self._lib.fw_worker_options_init(ctypes.byref(o), ctypes.sizeof(o))
        o.address, o.job, o.name = _text(address), _text(job), _text(name)
        o.wire_dtype, o.wire_share = _wire(wire)
        o.timeout_ms = _milliseconds(timeout, "timeout")
        o.reconnect_ms = _milliseconds(reconnect, "reconnect")
        o.ca, o.cert, o.key = _text(ca), _text(cert), _text(key)
        o.token_file, o.log = _text(token_file), self._log
        o.grpc_only = grpc_only
        o.no_local = no_local
        described = self._describe()
        o.tensors, o.n_tensors = described, len(self._pairs)
        if self._pairs and upload:
            o.initial = self.parameters.ctypes.data
        self._open(o)

    def _describe(self):
        made = (library.Tensor * max(len(self._pairs), 1))()
        for t, (name, x) in zip(made, self._pairs):
            shape = arrays.shape_of(x)
            if len(shape) > library.RANK_MAX:
                raise Invalid(f"'{name}' has {len(shape)} axes: at most "
                              f"{library.RANK_MAX}")
            t.name, t.rank = str(name).encode(), len(shape)
            t.shape[:len(shape)] = shape
        return made

    def _open(self, options):
        handle, err = ctypes.c_void_p(), library.Err()
        self._check(self._lib.fw_worker_open(
            ctypes.byref(options), ctypes.byref(handle), ctypes.byref(err)),
            err)
        self._handle = handle
        # Also at exit, before the interpreter ends: no thread of the
        # library's may enter it from then on, with a lock held least of all.
        self._closer = weakref.finalize(self, self._lib.fw_worker_close,
                                        handle)
        self.n_elements = self._lib.fw_worker_n_elements(handle)
        self.name = self._lib.fw_worker_name(handle).decode()
        if not self._pairs:
            self.parameters = np.zeros(self.n_elements, np.float32)
        if self.parameters.size != self.n_elements:
            self.close()
            raise Internal(f"the job has {self.n_elements} elements")
        self.gradient = np.zeros(self.n_elements, np.float32)
        self.views = arrays.views(self._pairs, self.parameters)
        self.gradient_views = arrays.views(self._pairs, self.gradient)

    @staticmethod
    def _check(status, err):
        if status:
            raise failure(status, err.reason.decode(),
                          err.text.decode(errors="replace"))

    def _live(self):
        if not self._handle:
            raise Closed("the worker is closed")
        return self._handle

    def pull(self, into=None):
        """Receive the newest parameters; their version.

        into    a flat float32 array or tensor; None: self.parameters
        """
        into = self.parameters if into is None else into
        version, err = ctypes.c_uint64(), library.Err()
        self._check(self._lib.fw_worker_pull(
            self._live(), self._into(into),
            ctypes.byref(version), ctypes.byref(err)), err)
        self.version = version.value
        return self.version

    def push(self, gradient=None, *, samples=0, loss=math.nan, curvature=0.0,
             base_version=None):
        """Push a gradient and wait until it is applied or refused; an Ack.

        gradient      a flat float32 array or tensor; None: self.gradient
        base_version  where it was computed; None: what was received last
        """
        g = self._gradient(gradient, samples, loss, curvature, base_version)
        ack, err = library.Ack(), library.Err()
        self._check(self._lib.fw_worker_push(
            self._live(), ctypes.byref(g), ctypes.byref(ack),
            ctypes.byref(err)), err)
        return self._taken(ack)

    def round(self, gradient=None, into=None, *, samples=0, loss=math.nan,
              curvature=0.0, base_version=None):
        """push(), and the parameters that contain it, in one round trip."""
        into = self.parameters if into is None else into
        g = self._gradient(gradient, samples, loss, curvature, base_version)
        ack, err = library.Ack(), library.Err()
        status = self._lib.fw_worker_round(
            self._live(), ctypes.byref(g),
            self._into(into),
            ctypes.byref(ack), ctypes.byref(err))
        # Also a refusal may have brought newer parameters; 0: it has not.
        if not status or ack.version:
            self.version = ack.version
        self._check(status, err)
        return self._taken(ack)

    def report(self, loss, *, accuracy=math.nan, samples=0, version=None):
        """Tell the job how good its parameters are on held-out data."""
        e = library.Evaluation(
            self.version if version is None else version, samples, loss,
            accuracy)
        err = library.Err()
        self._check(self._lib.fw_worker_report(
            self._live(), ctypes.byref(e), ctypes.byref(err)), err)

    @property
    def wants_probe(self):
        """Whether the next gradient is wanted with a probe of curvature."""
        return self._lib.fw_worker_wants_probe(self._live())

    def probe(self, compute, gradient=None, parameters=None):
        """The curvature to give to push() or round(); 0 if none is wanted.

        compute(parameters, gradient) fills in the gradient of the SAME batch
        at other parameters; both are flat arrays, lent for the call.
        """
        raised = []

        def call(_, at, out):
            try:
                shape = (self.n_elements,)
                compute(np.ctypeslib.as_array(at, shape),
                        np.ctypeslib.as_array(out, shape))
                return True
            except BaseException as why:  # must not pass through C
                raised.append(why)
                return False

        parameters = self.parameters if parameters is None else parameters
        g = self._gradient(gradient, 0, math.nan, 0.0, None)
        err, fn = library.Err(), library.GradientFn(call)
        status = self._lib.fw_worker_probe(
            self._live(), self._where(parameters, "parameters"),
            ctypes.byref(g), fn, None, ctypes.byref(err))
        if raised:
            raise raised[0]
        self._check(status, err)
        return g.curvature

    def close(self):
        """Leave the job.  Safe twice."""
        handle, self._handle = self._handle, None
        if handle:
            self._closer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _where(self, x, what):
        return arrays.address(x, self.n_elements, what)

    def _into(self, x):
        return arrays.address(arrays.writable(x, "into"), self.n_elements,
                              "into", written=True)

    def _gradient(self, gradient, samples, loss, curvature, base_version):
        gradient = self.gradient if gradient is None else gradient
        self._live()
        return library.Gradient(
            self._where(gradient, "gradient"),
            self.version if base_version is None else base_version,
            samples, float(loss), curvature)

    @staticmethod
    def _taken(ack):
        return Ack(*(getattr(ack, field) for field in Ack._fields))
