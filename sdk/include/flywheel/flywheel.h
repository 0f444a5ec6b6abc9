/* flywheel.h - the worker side of flywheel in C.
 *
 * A worker joins a job on a flywheel server, pulls the parameters, computes a
 * gradient on its own data and pushes it; the server applies the gradient with
 * a momentum that its controller lowers as more asynchronous workers connect.
 *
 *     #include <flywheel/flywheel.h>
 *
 *     int train(float *parameters, float *gradient, uint64_t rounds)
 *     {
 *         struct fw_tensor tensors[] = {{"weight", 1, {3}}, {"bias", 0, {0}}};
 *         struct fw_worker_options options;
 *         struct fw_worker *worker = NULL;
 *         struct fw_ack ack;
 *         struct fw_err err;
 *         fw_status s;
 *
 *         fw_worker_options_init(&options, sizeof(options));
 *         options.job = "linear";
 *         options.tensors = tensors;
 *         options.n_tensors = 2;
 *         options.initial = parameters;
 *         s = fw_worker_open(&options, &worker, &err);
 *         if (s == FW_OK)
 *             s = fw_worker_pull(worker, parameters, &ack.version, &err);
 *         for (uint64_t i = 0; s == FW_OK && i < rounds; i++) {
 *             struct fw_gradient push = {.values = gradient, .samples = 32,
 *                                        .base_version = ack.version};
 *
 *             push.loss = compute(parameters, gradient);
 *             s = fw_worker_round(worker, &push, parameters, &ack, &err);
 *         }
 *         fw_worker_close(worker);
 *         return s == FW_OK ? 0 : complain(err.reason, err.text);
 *     }
 *
 * (`compute` and `complain` are yours: the gradient of your loss, and your
 * way to say what went wrong.)
 *
 * Layout: parameters and gradients are one flat array of float: the tensors in
 * the order given, each row-major, without gaps.
 *
 * Threads: a worker handle may be used by one thread at a time; handles are
 * independent of each other.  The library runs one background thread a handle,
 * sends heartbeats from it, and never exits, prints, forks or sets a signal
 * handler.  Do not fork between fw_worker_open() and fw_worker_close().
 *
 * Ownership: what you pass in stays yours and is not read after the call has
 * returned, but for the options' log function. */
#ifndef FLYWHEEL_FLYWHEEL_H
#define FLYWHEEL_FLYWHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FW_VERSION_TEXT "0.1.0"
#define FW_API          __attribute__((visibility("default")))
#define FW_MUST_USE     __attribute__((warn_unused_result))

/* The outcome of a call: a name, and what it says to a person. */
#define FW_STATUS_MAP(X)                                                       \
    X(OK, "ok")                                                                \
    X(NOMEM, "out of memory")                                                  \
    X(INVALID, "not acceptable")                                               \
    X(NOT_FOUND, "not found")                                                  \
    X(EXISTS, "exists already")                                                \
    X(STALE, "belongs to the past")                                            \
    X(PRECONDITION, "not possible in this state")                              \
    X(BUSY, "full, try again later")                                           \
    X(UNAVAILABLE, "cannot be reached")                                        \
    X(TIMEOUT, "took too long")                                                \
    X(DENIED, "not allowed")                                                   \
    X(CORRUPT, "fails its check")                                              \
    X(IO, "input or output failed")                                            \
    X(CLOSED, "closing, no new work")                                          \
    X(UNSUPPORTED, "not supported")                                            \
    X(INTERNAL, "a defect in flywheel")

typedef enum fw_status {
#define FW_STATUS_ENUM(code, text) FW_##code,
    FW_STATUS_MAP(FW_STATUS_ENUM)
#undef FW_STATUS_ENUM
} fw_status;

/* Why a call failed, for a program (`reason`, a stable upper-case word such as
 * SHAPE_MISMATCH; docs/protocol.md lists them; empty if the failure was local)
 * and for a person (`text`).  Both are always terminated. */
struct fw_err {
    char reason[32];
    char text[320];
};

/* The phrase of FW_STATUS_MAP.  Never NULL.  Any thread. */
FW_API const char *fw_status_text(fw_status s);

/* The library's version, as in FW_VERSION_TEXT.  Any thread. */
FW_API const char *fw_version(void);

#define FW_RANK_MAX        8
#define FW_TENSOR_NAME_MAX 127
#define FW_NAME_MAX        64

/* One named block of float parameters. */
struct fw_tensor {
    const char *name;            /* 1 to FW_TENSOR_NAME_MAX bytes of UTF-8 */
    uint32_t rank;               /* 0 (a scalar) to FW_RANK_MAX */
    uint64_t shape[FW_RANK_MAX]; /* elements along each of `rank` axes */
};

/* How floats travel; arithmetic is fp32 on both ends whatever is chosen.  INT8
 * and TOPK are for gradients: parameters come back as BF16.  TOPK sends the
 * largest options.wire_share of the elements; what is left out is kept by the
 * handle and added to the next gradient (error feedback), so it costs an array
 * of the model's size. */
enum fw_dtype {
    FW_DTYPE_F32 = 1,  /* IEEE 754 binary32, little-endian: exact */
    FW_DTYPE_BF16 = 2, /* its upper half, rounded to nearest even: half size */
    FW_DTYPE_INT8 = 3, /* 256 whole numbers to a scale: about a quarter */
    FW_DTYPE_TOPK = 4, /* the largest elements: 6 bytes each */
};

/* Told in a line once when the server is lost, with how long it is tried again,
 * and once when it is back; on the background thread.  Must not call back into
 * the library nor block: heartbeats and calls wait meanwhile. */
typedef void fw_log_fn(void *user, const char *text);

struct fw_worker_options {
    size_t size;         /* set by fw_worker_options_init */
    const char *address; /* "host:port", "unix:/path" of the server's socket,
                            also as "flywheel://host:port" and
                            "flywheel:///path"; default "127.0.0.1:7070" */
    const char *job;     /* required; [A-Za-z0-9._-]{1,64} */
    const char *name;    /* unique in the job; NULL: host-pid-number */
    const struct fw_tensor *tensors; /* must equal the job's */
    uint32_t n_tensors;              /* 0: take the job's as they are */
    const float *initial;     /* uploaded if the job has no parameters yet */
    enum fw_dtype wire_dtype; /* asked for; default FW_DTYPE_F32 */
    uint32_t timeout_ms;      /* without progress in a call; default 30,000 */
    fw_log_fn *log;           /* may be NULL */
    void *log_user;
    uint32_t reconnect_ms; /* how long a call waits for a server that is gone;
                              0: not at all; default 60,000 */
    /* Files in PEM, and one that holds a token; NULL: $FLYWHEEL_CA,
     * $FLYWHEEL_CERT, $FLYWHEEL_KEY, $FLYWHEEL_TOKEN_FILE, if they are set. */
    const char *ca;   /* authorities of the server: asks for TLS */
    const char *cert; /* of this client, for mutual TLS */
    const char *key;  /* of that certificate */
    const char *token_file;
    double wire_share; /* of the elements that FW_DTYPE_TOPK sends, above 0, at
                          most 1; default 0.01 */
    bool grpc_only;    /* no connection beside gRPC's for gradients and
                          parameters, although the server offers one; default
                          false */
    bool no_local;     /* not through shared memory, although worker and server
                          are of one user on one machine; default false */
};

/* Fill in the defaults.  `size` is sizeof(struct fw_worker_options) as the
 * caller was compiled, so that old programs work with newer libraries. */
FW_API void fw_worker_options_init(struct fw_worker_options *o, size_t size);

/* A gradient to push. */
struct fw_gradient {
    const float *values;   /* as many as the tensors have elements */
    uint64_t base_version; /* the version the gradient was computed at */
    uint64_t samples;      /* examples in the batch; 0 if not known */
    double loss;           /* mean training loss of the batch; NAN if unknown */
    double curvature;      /* h of a probe on this batch; 0 if none */
};

/* What the server did with a gradient. */
struct fw_ack {
    uint64_t version;         /* the model's version with the gradient in it */
    uint64_t durable_version; /* newest version that survives a crash */
    uint64_t incarnation;     /* changes when the server restarts */
    uint64_t staleness;       /* versions applied since base_version */
    double momentum;          /* explicit momentum the step used */
    double learning_rate;     /* step size the step used */
    uint64_t lost;            /* gradients of this worker that a crash of the
                                 server took since the last answer */
};

struct fw_worker; /* opaque; made and ended by fw_worker_open and _close */

/* Join a job and open the training stream; uploads `initial` if the job waits
 * for its first parameters.  On failure *out is NULL and `err` (may be NULL)
 * says why: FW_NOT_FOUND (JOB_NOT_FOUND), FW_INVALID (SHAPE_MISMATCH,
 * UNKNOWN_TENSOR), FW_EXISTS (WORKER_EXISTS), FW_BUSY (TOO_MANY_WORKERS),
 * FW_UNAVAILABLE (no server there), FW_TIMEOUT, FW_NOMEM. */
FW_API FW_MUST_USE fw_status fw_worker_open(const struct fw_worker_options *o,
                                            struct fw_worker **out,
                                            struct fw_err *err);

/* Receive the newest parameters into `parameters` (all elements) and their
 * version.  On failure the contents of `parameters` are undefined.
 * FW_PRECONDITION (NOT_INITIALIZED), FW_UNAVAILABLE, FW_TIMEOUT. */
FW_API FW_MUST_USE fw_status fw_worker_pull(struct fw_worker *w,
                                            float *parameters,
                                            uint64_t *version,
                                            struct fw_err *err);

/* Push a gradient and wait until the server has applied or refused it whole.
 * FW_INVALID (NON_FINITE, VERSION_AHEAD), FW_STALE (FENCED: the lease was
 * lost), FW_STALE (TOO_STALE; LATE: its group has stepped without it),
 * FW_UNAVAILABLE, FW_TIMEOUT.
 *
 * A refusal of the gradient (NON_FINITE, VERSION_AHEAD, TOO_STALE, LATE)
 * changes nothing and the handle goes on: pull, and compute the next.
 *
 * A lost connection, or a server that restarts, is no failure: the call waits
 * for the server, up to options.reconnect_ms, and sends again what was not
 * applied; each gradient is applied once.  A server that crashed comes back
 * with its newest checkpoint: ack->lost tells how many of this worker's
 * gradients that cost, and the model's version goes back.
 *
 * FENCED, FW_UNAVAILABLE and FW_TIMEOUT end the session: every later call fails
 * alike; close the handle, open another.  After such a failure it is not known
 * whether the gradient was applied. */
FW_API FW_MUST_USE fw_status fw_worker_push(struct fw_worker *w,
                                            const struct fw_gradient *g,
                                            struct fw_ack *ack,
                                            struct fw_err *err);

/* fw_worker_push, then the parameters that contain it (ack->version or newer;
 * ack->version is set to what `parameters` holds) in one round trip.  If the
 * server crashed and the gradient is of a version that is gone, it counts as
 * lost and the parameters are the newest.
 *
 * `parameters` and g->values may not share memory (FW_INVALID): a gradient may
 * have to be sent again when parameters have come already.  On failure the
 * contents of `parameters` are undefined.
 *
 * A refusal of the gradient leaves `parameters` and `ack` as they are, or, if
 * the server was sending parameters already, `parameters` are the newest ones
 * and ack->version tells their version. */
FW_API FW_MUST_USE fw_status fw_worker_round(struct fw_worker *w,
                                             const struct fw_gradient *g,
                                             float *parameters,
                                             struct fw_ack *ack,
                                             struct fw_err *err);

/* Result of an evaluation on held-out data. */
struct fw_evaluation {
    uint64_t version; /* the version that was evaluated */
    uint64_t samples;
    double loss;     /* mean */
    double accuracy; /* share correct in [0, 1]; NAN if not a classifier */
};

/* Report an evaluation to the job. */
FW_API FW_MUST_USE fw_status fw_worker_report(struct fw_worker *w,
                                              const struct fw_evaluation *e,
                                              struct fw_err *err);

/* Elements of all tensors together: the length of every float array. */
FW_API uint64_t fw_worker_n_elements(const struct fw_worker *w);

/* The name the worker joined by.  Lent by the handle. */
FW_API const char *fw_worker_name(const struct fw_worker *w);

/* Whether the server wants the next gradient with a probe of the curvature:
 * about once in 100 updates of the job (docs/controller.md, "Curvature").  A
 * worker that cannot need not. */
FW_API bool fw_worker_wants_probe(const struct fw_worker *w);

/* Computes the gradient at `parameters` on the SAME batch as the gradient that
 * is being probed: no new batch, no new dropout mask.  False: it failed. */
typedef bool fw_gradient_fn(void *user, const float *parameters,
                            float *gradient);

/* Measure curvature if the server wants it: with g the gradient in `g` (at
 * `parameters`, computed already) and d = g/|g|,
 *     h = |g(w + eps d) - g(w)|/eps.
 * Sets g->curvature; 0: it was not wanted or cannot be told.  `fn` is called at
 * most once, on the caller's thread.  Takes two arrays of parameters at first
 * use: FW_NOMEM; FW_INVALID: `fn` failed. */
FW_API FW_MUST_USE fw_status fw_worker_probe(struct fw_worker *w,
                                             const float *parameters,
                                             struct fw_gradient *g,
                                             fw_gradient_fn *fn, void *user,
                                             struct fw_err *err);

/* Leave the job, stop the thread, free everything.  NULL is allowed.  Waits at
 * most two seconds for the server's goodbye. */
FW_API void fw_worker_close(struct fw_worker *w);

#ifdef __cplusplus
}
#endif
#endif
