#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/types/messages.h"
#include "coordinator/ledger/ledger.h"

// The rows of the ledger and how they are read and written. Every row type has
// its table, a key that sorts as the rows should, and a JSON form
// (docs/formats/ledger.md).
namespace ume {

enum class GroupState : uint8_t {
  kPending = 0,      // waits for a lease
  kLeased = 1,       // one sampler has it
  kFinished = 2,     // its trajectories are here
  kConsumed = 3,     // part of an update's plan
  kQuarantined = 4,  // set aside after max_attempts
  kDropped = 5,      // its pair's other side was set aside
};
std::string_view group_state_name(GroupState state);

// One side of a pair in one update.
struct GroupRow {
  static constexpr LedgerTable kTable = LedgerTable::kGroups;
  uint32_t phase = 0;  // index in the plan
  uint64_t step = 0;   // of the phase
  uint64_t cohort = 0;
  GroupId group;
  GroupState state = GroupState::kPending;
  int64_t attempts = 0;  // leases that ended without a result
  int64_t refusals = 0;  // results that broke a rule
  uint64_t fencing = 0;  // of the newest lease; of the accepted one when done
  // Of the finished trajectories:
  PolicyVersion version;
  std::string weight_hash;
  std::string prompt_digest;
  int64_t prompt_tokens = 0;
  std::vector<int64_t> completion_tokens;  // [G]
  std::string result_digest;
  std::string reward_digest;  // once consumed

  static std::string prefix(uint32_t phase, uint64_t step);
  std::string key() const;
};

enum class LeaseOutcome : uint8_t {
  kActive = 0,
  kAccepted = 1,
  kExpired = 2,
  kRefused = 3,  // the result broke a rule
  kStale = 4,    // its weights were superseded
  kLost = 5,     // the sampler was restarted
};

// One grant of a group to a sampler.
struct LeaseRow {
  static constexpr LedgerTable kTable = LedgerTable::kLeases;
  uint64_t fencing = 0;
  uint32_t phase = 0;
  uint64_t step = 0;
  GroupId group;
  int32_t worker = 0;
  std::string holder;  // start of the worker that holds it
  PolicyVersion version;
  std::string weight_hash;
  LeaseOutcome outcome = LeaseOutcome::kActive;

  std::string key() const;
};

// The accepted answer of the reward service for a cohort.
struct RewardRow {
  static constexpr LedgerTable kTable = LedgerTable::kRewards;
  uint64_t cohort = 0;
  uint32_t phase = 0;
  uint64_t step = 0;
  std::vector<uint64_t> dispatch_index;  // pairs that took part, in row order
  RewardTable table;

  std::string key() const;
};

enum class BatchState : uint8_t {
  kConsumed = 0,   // handed to the learner
  kCommitted = 1,  // part of a committed checkpoint
  kExported = 2,   // trajectories are in their file and no longer here
  kWritten = 3,    // trajectories are in their file, and here until the next
                   // checkpoint, in case that the newest one is damaged
};

// One update's batch, once it is complete.
struct BatchRow {
  static constexpr LedgerTable kTable = LedgerTable::kBatches;
  uint32_t phase = 0;
  uint64_t step = 0;
  std::string plan_id;
  std::string plan_hash;
  int32_t world_size = 0;  // for which plan_hash holds
  BatchState state = BatchState::kConsumed;
  int64_t dropped_groups = 0;
  std::map<std::string, double> metrics;  // of samplers and rewards

  static std::string prefix(uint32_t phase);
  std::string key() const;
};

// The newest weights of one update of the run.
struct VersionRow {
  static constexpr LedgerTable kTable = LedgerTable::kVersions;
  WeightManifest weights;
  std::string key() const;
};

struct CheckpointRow {
  static constexpr LedgerTable kTable = LedgerTable::kCheckpoints;
  uint32_t phase = 0;
  uint64_t step = 0;   // steps of the phase that it contains
  std::string folder;  // relative to the run's folder
  std::string hash;
  bool end_of_phase = false;

  static std::string prefix(uint32_t phase);
  std::string key() const;
};

// One start of the learner.
struct IncarnationRow {
  static constexpr LedgerTable kTable = LedgerTable::kIncarnations;
  uint32_t incarnation = 0;
  std::string start_id;
  int32_t world_size = 1;
  std::string key() const;
};

enum class WorkKind : uint8_t {
  kBeginPhase = 0,
  kSftSteps = 1,
  kGrpoUpdate = 2,
  kSaveCheckpoint = 3,
  kStop = 4,
};

// One item of the learner's log. Never changes but for `done_ranks` and
// `damaged`.
struct WorkRow {
  static constexpr LedgerTable kTable = LedgerTable::kWork;
  uint32_t incarnation = 0;
  uint64_t sequence = 0;
  WorkKind kind = WorkKind::kBeginPhase;
  uint32_t phase = 0;
  uint64_t step = 0;       // first step; of a checkpoint: steps it contains
  uint64_t num_steps = 0;  // steps that the item takes
  bool end_of_phase = false;
  std::string resume;  // kBeginPhase: checkpoint to load, relative; or empty
  std::vector<int32_t> done_ranks;
  bool damaged = false;  // kBeginPhase: `resume` could not be loaded

  static std::string prefix(uint32_t incarnation);
  std::string key() const;
};

// What rank 0 reported of one step.
struct StepRow {
  static constexpr LedgerTable kTable = LedgerTable::kSteps;
  uint32_t phase = 0;
  uint64_t step = 0;
  std::map<std::string, double> metrics;

  static std::string prefix(uint32_t phase);
  std::string key() const;
};

struct EventRow {
  static constexpr LedgerTable kTable = LedgerTable::kEvents;
  uint64_t id = 0;
  double wall_seconds = 0.0;  // since 1970; for people only
  std::string kind;
  std::string text;
  std::string key() const;
};

// Numbers that only grow over the run.
struct Counters {
  uint64_t next_fencing = 1;
  uint64_t next_event = 0;
  uint64_t leases = 0;
  uint64_t accepted = 0;
  uint64_t duplicates = 0;
  uint64_t late = 0;
  uint64_t expired = 0;
  uint64_t refused = 0;
  uint64_t stale = 0;
  uint64_t quarantined = 0;
  uint64_t dropped_groups = 0;
  uint64_t reward_retries = 0;
  uint64_t coordinator_starts = 0;
  uint64_t learner_starts = 0;
  uint64_t worker_restarts = 0;
  uint64_t reward_restarts = 0;
};

// "000…42": sorts as the number does.
std::string key_number(uint64_t number);

// Writes and reads of rows. Reading throws IoError naming table and key when a
// row is not what its type says.
template <class Row>
void put_row(Ledger& ledger, const Row& row);
template <class Row>
std::optional<Row> find_row(const Ledger& ledger, std::string_view key);
template <class Row>
std::vector<Row> load_rows(const Ledger& ledger, std::string_view prefix = "");
template <class Row>
std::vector<Row> load_tail(const Ledger& ledger, size_t limit);

void put_counters(Ledger& ledger, const Counters& counters);
Counters load_counters(const Ledger& ledger);

// The finished trajectories of a group, packed.
void put_result(Ledger& ledger, const GroupRow& row, const GroupResult& result);
std::optional<GroupResult> find_result(const Ledger& ledger,
                                       const GroupRow& row);
void drop_result(Ledger& ledger, const GroupRow& row);

}  // namespace ume
