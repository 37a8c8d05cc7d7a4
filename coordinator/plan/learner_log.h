#pragma once

#include <optional>
#include <vector>

#include "coordinator/plan/run_book.h"

namespace ume {

// The learner's incarnations and the work items of the current one. Items are
// fixed once created; all ranks see the same.
class LearnerLog {
 public:
  // Takes up the newest incarnation and its log from the ledger.
  explicit LearnerLog(RunBook& book);

  // A new start_id begins a new incarnation with an empty log; an earlier one
  // is refused.
  Reply register_rank(const RegisterRequest& request);

  // 0: no learner has registered yet.
  uint32_t incarnation() const { return current_.incarnation; }
  int32_t world_size() const { return current_.world_size; }
  // Why a request of this incarnation and rank is refused, or nothing.
  std::optional<std::string> refusal(uint32_t incarnation, int32_t rank) const;

  const std::vector<WorkRow>& items() const { return items_; }
  const WorkRow* last() const {
    return items_.empty() ? nullptr : &items_.back();
  }
  bool completed(const WorkRow& item) const;
  // Item completed by all ranks that has been reached last, or nothing. One
  // whose checkpoint was damaged does not count.
  const WorkRow* last_completed() const;

  const WorkRow& append(WorkRow item);
  // True when this rank had not reported the item before.
  bool mark_done(uint64_t sequence, int32_t rank);
  // The checkpoint that the item names could not be loaded.
  void mark_damaged(uint64_t sequence);

 private:
  void begin_incarnation(const RegisterRequest& request);

  RunBook& book_;
  IncarnationRow current_;
  std::vector<WorkRow> items_;
};

}  // namespace ume
