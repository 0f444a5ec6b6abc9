/* method.h - the paths of the methods the client calls.
 *
 * Layer: sdk/client.  Thread: any; constants. */
#ifndef FW_CLIENT_METHOD_H
#define FW_CLIENT_METHOD_H

#define FW_METHOD_JOIN           "/flywheel.v1.TrainingService/Join"
#define FW_METHOD_LEAVE          "/flywheel.v1.TrainingService/Leave"
#define FW_METHOD_INITIALIZE     "/flywheel.v1.TrainingService/Initialize"
#define FW_METHOD_TRAIN          "/flywheel.v1.TrainingService/Train"
#define FW_METHOD_PULL           "/flywheel.v1.TrainingService/Pull"
#define FW_METHOD_REPORT         "/flywheel.v1.TrainingService/Report"
#define FW_METHOD_CREATE_JOB     "/flywheel.v1.JobService/CreateJob"
#define FW_METHOD_GET_JOB        "/flywheel.v1.JobService/GetJob"
#define FW_METHOD_LIST_JOBS      "/flywheel.v1.JobService/ListJobs"
#define FW_METHOD_DELETE_JOB     "/flywheel.v1.JobService/DeleteJob"
#define FW_METHOD_SET_CONTROLLER "/flywheel.v1.JobService/SetController"
#define FW_METHOD_RELEASE_WORKER "/flywheel.v1.JobService/ReleaseWorker"
#define FW_METHOD_GET_STATUS     "/flywheel.v1.StatusService/GetStatus"
#define FW_METHOD_WATCH_STATUS   "/flywheel.v1.StatusService/WatchStatus"
#define FW_METHOD_GET_TRACE      "/flywheel.v1.StatusService/GetTrace"
#define FW_METHOD_GET_HISTORY    "/flywheel.v1.StatusService/GetHistory"
#define FW_METHOD_LIST_RUNS      "/flywheel.v1.StatusService/ListRuns"
#define FW_METHOD_LIST_DECISIONS "/flywheel.v1.StatusService/ListDecisions"
#define FW_METHOD_SAVE_CHECKPOINT                                              \
    "/flywheel.v1.CheckpointService/SaveCheckpoint"
#define FW_METHOD_LIST_CHECKPOINTS                                             \
    "/flywheel.v1.CheckpointService/ListCheckpoints"
#define FW_METHOD_VERIFY_CHECKPOINTS                                           \
    "/flywheel.v1.CheckpointService/VerifyCheckpoints"
#define FW_METHOD_RESTORE_CHECKPOINT                                           \
    "/flywheel.v1.CheckpointService/RestoreCheckpoint"
#define FW_METHOD_HEALTH_CHECK "/grpc.health.v1.Health/Check"

#endif
