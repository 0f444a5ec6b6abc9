"""Why a call failed: an exception a kind, with the reason and the mend.

`reason` is a stable word such as SHAPE_MISMATCH, or empty if the failure was
local; `text` is the server's or the library's own message; `mend` is what can be
done about it.  A program catches the kind or looks at `reason`.
"""

# What docs/protocol.md says to each reason; tests/lint/reasons.py keeps the two
# equal.
MENDS = {
    "JOB_NOT_FOUND": "check the name; create the job",
    "JOB_EXISTS": "choose another name, or use the job",
    "JOB_INVALID": "the message names the field and its range",
    "TOO_MANY_JOBS": "delete a job, or raise limits.max_jobs",
    "QUOTA_EXCEEDED": "the message names both figures and which one to raise",
    "THROTTLED": "the job is at its rate: wait as long as RetryInfo says",
    "NAME_INVALID": "1 to 64 of A-Z a-z 0-9 . _ - and no leading dot",
    "WORKER_EXISTS": "choose another worker name, or wait for the lease",
    "TOO_MANY_WORKERS": "wait, or raise the job's max_workers",
    "SHAPE_MISMATCH": "your model is not the job's; the tensor is named",
    "UNKNOWN_TENSOR": "your model is not the job's; the tensor is named",
    "DTYPE_UNSUPPORTED": "ask for F32, BF16, INT8 or TOPK",
    "PROTOCOL_UNSUPPORTED": "update the older side; both versions are named",
    "NOT_INITIALIZED": "upload the first parameters",
    "SESSION_UNKNOWN": "join again",
    "FENCED": "the lease ran out or you left: join again",
    "SEQUENCE_GAP": "send the number that the message names",
    "VERSION_AHEAD": "pull again; the server has an older model",
    "TOO_STALE": "pull again; the job limits staleness",
    "LATE": "your group stepped without it: pull again and go on",
    "NON_FINITE": "a NaN or infinity: look at your loss",
    "OUTLIER": "many times longer than usual: look at the batch and your loss",
    "QUARANTINED": "too many bad gradients: an operator releases the worker",
    "WORKER_NOT_FOUND": "the job has no such worker",
    "CHUNK_INVALID": "chunks in order, whole elements, no gap",
    "MESSAGE_TOO_LARGE": "send chunks of at most 1 MiB",
    "MESSAGE_INVALID": "the message names the field",
    "CONTROLLER_INVALID": "momentum in (-1, 1), rate above 0, a law there is",
    "OUT_OF_MEMORY": "wait and try again",
    "OVERLOADED": "wait and try again; read your answers",
    "OVERTAKEN":
        "the stream ends, parameters that came with it are void: open it "
        "again, send the gradient again",
    "DRAINING": "the server is going down: try later",
    "CHECKPOINT_NOT_FOUND": "ListCheckpoints tells which there are",
    "NOT_SAVED": "the disk failed, the message says how; training goes on",
    "RUN_NOT_FOUND": "flywheel history --runs lists the runs",
    "HISTORY_UNAVAILABLE":
        "the history is off or its file cannot be read; "
        "the message says which",
    "UNAUTHENTICATED":
        "send authorization: Bearer TOKEN; ask the operator for a "
        "token",
    "PERMISSION_DENIED":
        "ask for a token of the role, or for the job, that the "
        "message names",
    "METHOD_UNKNOWN": "compare versions; reflection lists the methods",
    "INTERNAL": "a defect: please report it with the log",
}

# What is wrong where no reason says it.
LOCAL_MENDS = {
    "Unavailable": "is the server running, and is the address right?",
    "TimedOut": "look at the server's log, or give a longer timeout",
}


class FlywheelError(Exception):
    """Any failure of flywheel; the base of all others."""

    def __init__(self, text, reason="", mend=""):
        self.text = text
        self.reason = reason
        self.mend = mend or MENDS.get(reason) or LOCAL_MENDS.get(
            type(self).__name__, "")
        said = f"{reason}: {text}" if reason else text
        super().__init__(f"{said} ({self.mend})" if self.mend else said)


class NoMemory(FlywheelError, MemoryError):
    """Memory is out."""


class Invalid(FlywheelError, ValueError):
    """What was given is not acceptable: a shape, a NaN, an option."""


class NotFound(FlywheelError, LookupError):
    """There is no such job, worker or file."""


class Exists(FlywheelError):
    """The name is taken."""


class Stale(FlywheelError):
    """A gradient or a session of the past: pull, or join again."""


class Precondition(FlywheelError):
    """Not possible in this state, e.g. a job without parameters."""


class Busy(FlywheelError):
    """The server is full: try again later."""


class Unavailable(FlywheelError, ConnectionError):
    """The server cannot be reached."""


class TimedOut(FlywheelError, TimeoutError):
    """There was no progress for as long as the timeout."""


class Denied(FlywheelError, PermissionError):
    """Not allowed: no or the wrong token, or a worker in quarantine."""


class Corrupt(FlywheelError):
    """Something fails its check."""


class IOFailed(FlywheelError, OSError):
    """Input or output failed."""


class Closed(FlywheelError):
    """The worker is closed."""


class Unsupported(FlywheelError):
    """The library or the server is too old for this."""


class Internal(FlywheelError):
    """A defect in flywheel: please report it."""


# By fw_status of flywheel.h; 0 is success.
_KINDS = (None, NoMemory, Invalid, NotFound, Exists, Stale, Precondition, Busy,
          Unavailable, TimedOut, Denied, Corrupt, IOFailed, Closed,
          Unsupported, Internal)


def failure(status, reason, text):
    """The exception of a status, as it comes out of the library."""
    kind = _KINDS[status] if 0 < status < len(_KINDS) else Internal
    return kind(text or f"status {status}", reason)
