#include "server/rpc/methods.h"

#include "server/rpc/checkpoint_rpc.h"
#include "server/rpc/history_rpc.h"
#include "server/rpc/initialize_rpc.h"
#include "server/rpc/job_rpc.h"
#include "server/rpc/pull_rpc.h"
#include "server/rpc/reflection_rpc.h"
#include "server/rpc/status_rpc.h"
#include "server/rpc/train_lease.h"
#include "server/rpc/training_rpc.h"
#include "server/rpc/watch_rpc.h"

#define TRAINING   "/flywheel.v1.TrainingService/"
#define JOBS       "/flywheel.v1.JobService/"
#define CHECKPOINT "/flywheel.v1.CheckpointService/"
#define STATUS     "/flywheel.v1.StatusService/"
#define HEALTH     "/grpc.health.v1.Health/"
#define REFLECTION "/grpc.reflection.v1alpha.ServerReflection/"

/* Who may call: each role may do what those before it may, but workers are
 * beside them. */
#define BY_VIEWERS   (FW_ROLE_VIEWER | FW_ROLE_OPERATOR | FW_ROLE_ADMIN)
#define BY_OPERATORS (FW_ROLE_OPERATOR | FW_ROLE_ADMIN)
#define BY_WORKERS   (FW_ROLE_WORKER | FW_ROLE_ADMIN)
#define BY_BOTH      (FW_ROLE_WORKER | BY_VIEWERS)

/* path, bulk, roles, state, start, on_read, next, close, look */
#define UNARY(path, roles, state, handler)                                     \
    {                                                                          \
        path, false, roles, sizeof(struct state), fw_unary_start, handler,     \
            fw_unary_next, fw_unary_close, NULL                                \
    }

const struct fw_method fw_methods[] = {
    {TRAINING "Train", true, BY_WORKERS, sizeof(struct fw_train),
     fw_train_start, fw_train_read, fw_train_next, fw_train_close,
     fw_train_look},
    {TRAINING "Pull", true, BY_BOTH, sizeof(struct fw_pull_call), fw_call_read,
     fw_pull, fw_pull_next, fw_pull_close, fw_pull_look},
    {TRAINING "Initialize", true, FW_ROLE_WORKER | BY_OPERATORS,
     sizeof(struct fw_initialize_call), fw_call_read, fw_initialize,
     fw_unary_next, fw_initialize_close, fw_initialize_look},
    {TRAINING "Join", false, BY_WORKERS, sizeof(struct fw_join_call),
     fw_unary_start, fw_join, fw_unary_next, fw_join_close, NULL},
    UNARY(TRAINING "Leave", BY_WORKERS, fw_leave_call, fw_leave),
    UNARY(TRAINING "Report", BY_WORKERS, fw_report_call, fw_report_result),
    UNARY(JOBS "CreateJob", BY_OPERATORS, fw_unary, fw_create_job),
    UNARY(JOBS "GetJob", BY_BOTH, fw_unary, fw_get_job),
    UNARY(JOBS "ListJobs", BY_VIEWERS, fw_unary, fw_list_jobs),
    UNARY(JOBS "DeleteJob", FW_ROLE_ADMIN, fw_unary, fw_delete_job),
    UNARY(JOBS "SetController", BY_OPERATORS, fw_set_call, fw_set_controller),
    UNARY(JOBS "ReleaseWorker", BY_OPERATORS, fw_release_call,
          fw_release_worker),
    UNARY(CHECKPOINT "SaveCheckpoint", BY_OPERATORS, fw_checkpoint_call,
          fw_save_checkpoint),
    UNARY(CHECKPOINT "ListCheckpoints", BY_VIEWERS, fw_checkpoint_call,
          fw_list_checkpoints),
    UNARY(CHECKPOINT "VerifyCheckpoints", BY_OPERATORS, fw_checkpoint_call,
          fw_verify_checkpoints),
    UNARY(CHECKPOINT "RestoreCheckpoint", FW_ROLE_ADMIN, fw_checkpoint_call,
          fw_restore_checkpoint),
    UNARY(STATUS "GetStatus", BY_BOTH, fw_unary, fw_get_status),
    UNARY(STATUS "ListDecisions", BY_VIEWERS, fw_decisions_call,
          fw_list_decisions),
    UNARY(STATUS "GetTrace", BY_VIEWERS, fw_trace_call, fw_get_trace),
    UNARY(STATUS "GetHistory", BY_VIEWERS, fw_history_call, fw_get_history),
    UNARY(STATUS "ListRuns", BY_VIEWERS, fw_history_call, fw_list_runs),
    {STATUS "WatchStatus", false, BY_VIEWERS, sizeof(struct fw_watch),
     fw_call_read, fw_watch_status, fw_watch_next, fw_watch_close, NULL},
    UNARY(HEALTH "Check", FW_ROLE_OPEN, fw_unary, fw_check_health),
    {HEALTH "Watch", false, FW_ROLE_OPEN, sizeof(struct fw_watch), fw_call_read,
     fw_watch_health, fw_watch_next, fw_watch_close, NULL},
    {REFLECTION "ServerReflectionInfo", false, BY_VIEWERS,
     sizeof(struct fw_reflection), fw_call_read, fw_reflect, fw_reflection_next,
     fw_reflection_close, NULL},
};

const size_t fw_methods_n = sizeof(fw_methods) / sizeof(*fw_methods);
