"""Arrays as the library wants them: flat float32 memory, numpy's or PyTorch's.

Nothing here imports PyTorch: a tensor is known by its methods.
"""
import math

import numpy as np

from .errors import Invalid


def is_tensor(x):
    return hasattr(x, "data_ptr") and hasattr(x, "is_contiguous")


def shape_of(x):
    return tuple(int(n) for n in (x.shape if hasattr(x, "shape")
                                  else np.shape(x)))


def size_of(shape):
    return math.prod(shape)


def named(params):
    """[(name, array or tensor)] of a mapping, a list of pairs or a module."""
    if hasattr(params, "named_parameters"):
        params = params.named_parameters()
    elif hasattr(params, "items"):
        params = params.items()
    pairs = list(params)
    if not pairs:
        raise Invalid("no parameters: the mapping is empty")
    return pairs


def _fault_of_tensor(x):
    if x.device.type != "cpu":
        return f"on {x.device}", "x.cpu()"
    if str(x.dtype) != "torch.float32":
        return str(x.dtype), "x.float()"
    if not x.is_contiguous():
        return "not contiguous", "x.contiguous()"
    return None


def _fault_of_array(x):
    if x.dtype != np.float32 or not x.dtype.isnative:
        return str(x.dtype), "x.astype(np.float32)"
    if not x.flags.c_contiguous:
        return ("not contiguous: a view with strides or a transpose",
                "np.ascontiguousarray(x)")
    return None


def address(x, n, what, written=False):
    """Where the n floats of `x` lie.  Refuses what could only be copied, and
    says how; `written`: the library writes there, so that no copy will do."""
    if is_tensor(x):
        fault, size, where = _fault_of_tensor(x), x.numel(), x.data_ptr()
    elif isinstance(x, np.ndarray):
        fault, size, where = _fault_of_array(x), x.size, x.ctypes.data
    else:
        raise TypeError(f"{what}: a numpy array or a tensor, not "
                        f"{type(x).__name__}")
    if fault:
        mend = ("receive into an array of its own and copy from there"
                if written else f"{fault[1]} is a copy that serves")
        raise Invalid(f"{what} is {fault[0]}; want float32, contiguous, in the "
                      "memory of this machine", mend=mend)
    if size != n:
        raise Invalid(f"{what} has {size} elements, the job {n}")
    return where


def writable(x, what):
    if isinstance(x, np.ndarray) and not x.flags.writeable:
        raise Invalid(f"{what} is read-only")
    return x


def flatten(pairs, out):
    """Copy the values of all parameters behind each other."""
    at = 0
    for _, x in pairs:
        value = x.detach().cpu().numpy() if is_tensor(x) else np.asarray(x)
        out[at:at + value.size] = value.reshape(-1)
        at += value.size


def views(pairs, flat):
    """{name: the part of `flat` that is this parameter, in its shape}."""
    result, at = {}, 0
    for name, x in pairs:
        shape = shape_of(x)
        n = size_of(shape)
        result[name] = flat[at:at + n].reshape(shape)
        at += n
    return result
