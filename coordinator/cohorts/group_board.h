#pragma once

#include <map>
#include <optional>
#include <vector>

#include "coordinator/cohorts/worker_table.h"
#include "coordinator/plan/run_book.h"

namespace ume {

// The groups of the one update that is being sampled, and who has them.
// Consumes results of samplers; produces finished groups in the ledger.
class GroupBoard {
 public:
  GroupBoard(RunBook& book, WorkerTable& workers);

  // Takes up the groups of (phase, step) from the ledger, if any are there.
  // Leases of before run again from `now`.
  void load(uint32_t phase, uint64_t step, double now);
  // Sends out the groups of (phase, step), to be made with `weights`.
  void open(uint32_t phase, uint64_t step, const WeightManifest& weights);
  // The same weights in a new incarnation keep everything; others make all of
  // it stale. Returns whether anything became stale.
  bool renew_weights(const WeightManifest& weights);
  // The update's plan is fixed.
  void close();

  bool is_open() const { return open_; }
  uint32_t phase() const { return phase_; }
  uint64_t step() const { return step_; }
  const std::vector<GroupRow>& rows() const { return rows_; }
  int64_t count(GroupState state) const;

  // Nothing is pending: WaitReply.
  Reply lease(int32_t worker, const WeightManifest& weights, double now);
  Reply renew(const RenewRequest& request, double now);
  Reply accept(const GroupResultRequest& request, double now);
  // Ends leases that are past their time.
  void expire(double now);
  // Ends the leases of an earlier start of this worker.
  void release(int32_t worker, const std::string& start);

  // Tokens and groups accepted since this process started.
  int64_t tokens_accepted() const { return tokens_accepted_; }
  int64_t groups_accepted() const { return groups_accepted_; }

 private:
  struct Lease {
    LeaseRow row;
    size_t index = 0;  // of the group
    double deadline = 0.0;
    double hard_deadline = 0.0;
    bool inherited = false;  // granted by an earlier start of the coordinator
  };

  std::optional<size_t> find(const GroupId& group) const;
  void put(const GroupRow& row);
  void end_lease(uint64_t fencing, LeaseOutcome outcome);
  void give_back(size_t index);
  void spoil(size_t index, bool refused, const std::string& why);
  void quarantine(size_t index, const std::string& why);
  Reply refuse_late(const GroupResultRequest& request);
  void strike(int32_t worker, double now);
  void take(const GroupResultRequest& request, size_t index, double now);
  void fix_dimension(const GroupResult& result);
  int64_t embedding_dim() const;

  RunBook& book_;
  WorkerTable& workers_;
  bool open_ = false;
  uint32_t phase_ = 0;
  uint64_t step_ = 0;
  std::vector<GroupRow> rows_;  // in order of dispatch, query before target
  std::map<GroupId, size_t> index_;
  std::map<uint64_t, Lease> leases_;  // active, by fencing number
  int64_t tokens_accepted_ = 0;
  int64_t groups_accepted_ = 0;
};

}  // namespace ume
