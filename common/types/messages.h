#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/types/batch_slice.h"
#include "common/types/cohort.h"
#include "common/types/policy_version.h"
#include "common/types/record.h"
#include "common/types/reward_table.h"
#include "common/types/sampling.h"
#include "common/types/trajectory.h"

// The requests that roles send to the coordinator and its replies. Every
// exchange is one request and one reply, started by the role; every request may
// be sent again after a lost reply and gets an equivalent answer.
namespace ume {

enum class Role : uint8_t {
  kSupervisor = 0,
  kRollout = 1,
  kReward = 2,
  kLearner = 3,
};

// --- every role -------------------------------------------------------------
struct RegisterRequest {
  Role role = Role::kSupervisor;
  int32_t index = 0;       // which worker, or MPI rank
  int32_t world_size = 1;  // learner: number of ranks
  // Learner ranks of one start share this; a new one is a new incarnation.
  std::string start_id;
  int64_t pid = 0;
  bool operator==(const RegisterRequest&) const = default;
};
struct RegisterReply {
  uint32_t incarnation = 0;
  bool operator==(const RegisterReply&) const = default;
};

// "Nothing for you now": ask again after the pause.
struct WaitReply {
  double seconds = 0.02;
  std::string waiting_for;  // named, for the status page
  bool operator==(const WaitReply&) const = default;
};
// The run is over or being stopped: leave with exit code 0.
struct StopReply {
  std::string reason;
  bool operator==(const StopReply&) const = default;
};
// The request came too late or from a superseded incarnation; drop the work.
struct RefusedReply {
  std::string reason;
  bool operator==(const RefusedReply&) const = default;
};
struct AckReply {
  bool operator==(const AckReply&) const = default;
};

// --- rollout ----------------------------------------------------------------
struct LeaseRequest {
  int32_t worker = 0;
  bool operator==(const LeaseRequest&) const = default;
};
struct LeaseReply {  // sample this group with these weights
  GroupId group;
  uint64_t fencing = 0;
  double lease_seconds = 60.0;
  int32_t group_size = 8;
  uint64_t run_seed = 0;
  SamplingParams sampling;
  PromptRecord prompt;
  WeightManifest weights;
  bool operator==(const LeaseReply&) const = default;
};
struct RenewRequest {
  int32_t worker = 0;
  GroupId group;
  uint64_t fencing = 0;
  bool operator==(const RenewRequest&) const = default;
};
struct GroupResultRequest {
  int32_t worker = 0;
  GroupResult result;
  bool operator==(const GroupResultRequest&) const = default;
};

// --- reward -----------------------------------------------------------------
struct CohortRequest {
  std::string policy_hash;  // of the service's loaded policy
  int32_t worker = 0;
  // When that policy came into force, ns since 1970: the newest one counts.
  int64_t policy_time = 0;
  std::string note = {};  // for the run's events; empty: none
  // The longest that the policy's terms may take over one cohort.
  double longest_seconds = 0.0;
  bool operator==(const CohortRequest&) const = default;
};
struct CohortReply {
  Cohort cohort;
  std::string input_digest;
  bool operator==(const CohortReply&) const = default;
};
struct RewardResultRequest {
  uint64_t cohort = 0;
  RewardTable table;
  int32_t worker = 0;
  std::map<std::string, double> metrics = {};  // of the service and its terms
  // For so long the service would refuse to try the cohort again.
  double blocked_seconds = 0.0;
  bool operator==(const RewardResultRequest&) const = default;
};

// --- learner ----------------------------------------------------------------
// Each rank asks for item `sequence` of its incarnation's log: 0, 1, 2, … All
// ranks see the same items, so control flow never diverges inside MPI.
struct WorkRequest {
  uint32_t incarnation = 0;
  int32_t rank = 0;
  uint64_t sequence = 0;
  bool operator==(const WorkRequest&) const = default;
};
struct BeginPhaseItem {
  std::string phase;         // name of the phase, e.g. "sft"
  std::string model;         // folder of the weights to start from
  std::string resume;        // checkpoint folder to load instead; empty: none
  uint64_t first_step = 0;   // of this phase, 0-based; > 0 after a resume
  uint64_t num_steps = 0;    // of this phase in all
  uint64_t base_update = 0;  // updates of the run before this phase
  bool operator==(const BeginPhaseItem&) const = default;
};
struct SftStepsItem {
  std::string phase;
  uint64_t first_step = 0;
  uint64_t num_steps = 0;
  bool operator==(const SftStepsItem&) const = default;
};
struct GrpoUpdateItem {
  std::string phase;
  uint64_t step = 0;  // of this phase, 0-based
  BatchSlice slice;
  bool operator==(const GrpoUpdateItem&) const = default;
};
struct SaveCheckpointItem {
  std::string phase;
  uint64_t step = 0;          // steps of the phase that it contains
  std::string folder;         // final folder; written beside it and renamed
  bool end_of_phase = false;  // export in the hub's layout too
  bool operator==(const SaveCheckpointItem&) const = default;
};
struct WorkReply {
  uint64_t sequence = 0;
  std::variant<BeginPhaseItem, SftStepsItem, GrpoUpdateItem, SaveCheckpointItem>
      item;
  bool operator==(const WorkReply&) const = default;
};
// A longer account of damage is cut.
inline constexpr size_t kMaxDamageBytes = 300;
struct WorkDoneRequest {
  uint32_t incarnation = 0;
  int32_t rank = 0;
  uint64_t sequence = 0;
  // From rank 0 only:
  std::vector<std::map<std::string, double>> step_metrics;  // one per step
  WeightManifest weights;       // after BeginPhase and GrpoUpdate of grpo
  std::string checkpoint_hash;  // after SaveCheckpoint
  // Instead of all that: why the checkpoint that BeginPhase names cannot be
  // loaded. Nothing has been done then.
  std::string damage;
  bool operator==(const WorkDoneRequest&) const = default;
};
// Progress inside an item of several steps (rank 0), so that the display moves.
// Nothing of it is kept; one that comes after its item is dropped.
struct ProgressRequest {
  uint32_t incarnation = 0;
  int32_t rank = 0;
  uint64_t done = 0;  // steps of the phase, those before the item included
  std::map<std::string, double> metrics;  // of the last of them
  bool operator==(const ProgressRequest&) const = default;
};

// --- supervisor and people
// ----------------------------------------------------
struct StatusRequest {
  bool operator==(const StatusRequest&) const = default;
};
struct StatusReply {
  std::string json;  // the snapshot that the dashboard shows (docs/formats)
  bool operator==(const StatusReply&) const = default;
};
// Ask for a checkpoint and an orderly end ("interrupt", "terminate").
struct ShutdownRequest {
  std::string reason;
  bool operator==(const ShutdownRequest&) const = default;
};

using Request = std::variant<RegisterRequest,
                             LeaseRequest,
                             RenewRequest,
                             GroupResultRequest,
                             CohortRequest,
                             RewardResultRequest,
                             WorkRequest,
                             WorkDoneRequest,
                             ProgressRequest,
                             StatusRequest,
                             ShutdownRequest>;
using Reply = std::variant<RegisterReply,
                           WaitReply,
                           StopReply,
                           RefusedReply,
                           AckReply,
                           LeaseReply,
                           CohortReply,
                           WorkReply,
                           StatusReply>;

}  // namespace ume
