"""libflywheel.so by ctypes: where it is, and flywheel.h's types."""
import ctypes
import ctypes.util
import functools
import os
import pathlib

RANK_MAX = 8
DTYPES = {"f32": 1, "bf16": 2, "int8": 3, "topk": 4}


class Err(ctypes.Structure):
    _fields_ = [("reason", ctypes.c_char * 32), ("text", ctypes.c_char * 320)]


class Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("rank", ctypes.c_uint32),
                ("shape", ctypes.c_uint64 * RANK_MAX)]


LogFn = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)
GradientFn = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p,
                              ctypes.POINTER(ctypes.c_float),
                              ctypes.POINTER(ctypes.c_float))


class Options(ctypes.Structure):
    """The fields that are known here; `size` tells the library which."""
    _fields_ = [("size", ctypes.c_size_t), ("address", ctypes.c_char_p),
                ("job", ctypes.c_char_p), ("name", ctypes.c_char_p),
                ("tensors", ctypes.POINTER(Tensor)),
                ("n_tensors", ctypes.c_uint32), ("initial", ctypes.c_void_p),
                ("wire_dtype", ctypes.c_int), ("timeout_ms", ctypes.c_uint32),
                ("log", LogFn), ("log_user", ctypes.c_void_p),
                ("reconnect_ms", ctypes.c_uint32), ("ca", ctypes.c_char_p),
                ("cert", ctypes.c_char_p), ("key", ctypes.c_char_p),
                ("token_file", ctypes.c_char_p),
                ("wire_share", ctypes.c_double),
                ("grpc_only", ctypes.c_bool),
                ("no_local", ctypes.c_bool)]


class Gradient(ctypes.Structure):
    _fields_ = [("values", ctypes.c_void_p), ("base_version", ctypes.c_uint64),
                ("samples", ctypes.c_uint64), ("loss", ctypes.c_double),
                ("curvature", ctypes.c_double)]


class Ack(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint64),
                ("durable_version", ctypes.c_uint64),
                ("incarnation", ctypes.c_uint64),
                ("staleness", ctypes.c_uint64), ("momentum", ctypes.c_double),
                ("learning_rate", ctypes.c_double), ("lost", ctypes.c_uint64)]


class Evaluation(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint64), ("samples", ctypes.c_uint64),
                ("loss", ctypes.c_double), ("accuracy", ctypes.c_double)]


def _candidates():
    if os.environ.get("FLYWHEEL_LIBRARY"):
        yield os.environ["FLYWHEEL_LIBRARY"]
        return
    here = pathlib.Path(__file__).resolve().parent
    for up in here.parents[:5]:  # a prefix's share, or a build tree
        for pattern in ("libflywheel.so.0", "lib/libflywheel.so.0",
                        "lib/*/libflywheel.so.0",
                        "build/sdk/libflywheel.so.0",
                        "build-dev/sdk/libflywheel.so.0"):
            yield from map(str, sorted(up.glob(pattern)))
    yield ctypes.util.find_library("flywheel") or "libflywheel.so.0"


def _declare(lib):
    worker, err = ctypes.c_void_p, ctypes.POINTER(Err)
    status = ctypes.c_int
    gradient, ack = ctypes.POINTER(Gradient), ctypes.POINTER(Ack)
    table = {
        "fw_version": (ctypes.c_char_p,),
        "fw_worker_options_init": (None, ctypes.POINTER(Options),
                                   ctypes.c_size_t),
        "fw_worker_open": (status, ctypes.POINTER(Options),
                           ctypes.POINTER(worker), err),
        "fw_worker_pull": (status, worker, ctypes.c_void_p,
                           ctypes.POINTER(ctypes.c_uint64), err),
        "fw_worker_push": (status, worker, gradient, ack, err),
        "fw_worker_round": (status, worker, gradient, ctypes.c_void_p, ack,
                            err),
        "fw_worker_report": (status, worker, ctypes.POINTER(Evaluation), err),
        "fw_worker_n_elements": (ctypes.c_uint64, worker),
        "fw_worker_name": (ctypes.c_char_p, worker),
        "fw_worker_wants_probe": (ctypes.c_bool, worker),
        "fw_worker_probe": (status, worker, ctypes.c_void_p, gradient,
                            GradientFn, ctypes.c_void_p, err),
        "fw_worker_close": (None, worker),
    }
    for name, (result, *arguments) in table.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


@functools.lru_cache(maxsize=1)
def load():
    """The library, found once; OSError names the places that were tried."""
    tried = []
    for path in _candidates():
        try:
            return _declare(ctypes.CDLL(path))
        except OSError as why:
            tried.append(str(why))
    raise OSError("libflywheel.so.0 was not found: install flywheel, or set "
                  "FLYWHEEL_LIBRARY to it (" + "; ".join(tried) + ")")
