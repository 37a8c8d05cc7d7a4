#include "coordinator/learner_log.h"

#include <algorithm>

#include "common/error/check.h"

namespace ume {
namespace {

constexpr size_t kMaxStartIdBytes = 128;
constexpr int32_t kMaxWorldSize = 65536;

}  // namespace

LearnerLog::LearnerLog(RunBook& book) : book_(book) {
  const auto newest = load_tail<IncarnationRow>(book.ledger(), 1);
  if (newest.empty()) return;
  current_ = newest.front();
  items_ =
      load_rows<WorkRow>(book.ledger(), WorkRow::prefix(current_.incarnation));
}

Reply LearnerLog::register_rank(const RegisterRequest& request) {
  if (request.start_id.empty() || request.start_id.size() > kMaxStartIdBytes) {
    return RefusedReply{"start_id: missing or too long"};
  }
  if (request.world_size < 1 || request.world_size > kMaxWorldSize ||
      request.index < 0 || request.index >= request.world_size) {
    return RefusedReply{"rank " + std::to_string(request.index) + " of " +
                        std::to_string(request.world_size) + " cannot be"};
  }
  if (current_.incarnation > 0 && request.start_id == current_.start_id) {
    if (request.world_size != current_.world_size) {
      return RefusedReply{"this start has " +
                          std::to_string(current_.world_size) + " ranks"};
    }
    return RegisterReply{current_.incarnation};
  }
  for (const auto& earlier : load_rows<IncarnationRow>(book_.ledger())) {
    if (earlier.start_id == request.start_id) {
      return RefusedReply{"a newer learner has taken over"};
    }
  }
  begin_incarnation(request);
  return RegisterReply{current_.incarnation};
}

void LearnerLog::begin_incarnation(const RegisterRequest& request) {
  for (const WorkRow& item : items_) {
    book_.ledger().erase(LedgerTable::kWork, item.key());
  }
  items_.clear();
  ++current_.incarnation;
  current_.start_id = request.start_id;
  current_.world_size = request.world_size;
  put_row(book_.ledger(), current_);
  ++book_.count().learner_starts;
  book_.event("learner_started",
              "incarnation " + std::to_string(current_.incarnation) + ", " +
                  std::to_string(current_.world_size) + " ranks");
}

std::optional<std::string> LearnerLog::refusal(uint32_t incarnation,
                                               int32_t rank) const {
  if (incarnation != current_.incarnation || incarnation == 0) {
    return "incarnation " + std::to_string(incarnation) +
           " is over; the current one is " +
           std::to_string(current_.incarnation);
  }
  if (rank < 0 || rank >= current_.world_size) {
    return "rank " + std::to_string(rank) + " of " +
           std::to_string(current_.world_size) + " cannot be";
  }
  return std::nullopt;
}

bool LearnerLog::completed(const WorkRow& item) const {
  return static_cast<int32_t>(item.done_ranks.size()) == current_.world_size;
}

const WorkRow* LearnerLog::last_completed() const {
  // Only the last item can be open.
  for (auto it = items_.rbegin(); it != items_.rend(); ++it) {
    if (it->kind == WorkKind::kStop || it->damaged) continue;
    if (completed(*it)) return &*it;
  }
  return nullptr;
}

const WorkRow& LearnerLog::append(WorkRow item) {
  item.incarnation = current_.incarnation;
  item.sequence = items_.size();
  put_row(book_.ledger(), item);
  items_.push_back(std::move(item));
  return items_.back();
}

bool LearnerLog::mark_done(uint64_t sequence, int32_t rank) {
  UME_CHECK(sequence < items_.size(), "the item is in the log");
  WorkRow& item = items_[sequence];
  auto& ranks = item.done_ranks;
  const auto place = std::lower_bound(ranks.begin(), ranks.end(), rank);
  if (place != ranks.end() && *place == rank) return false;
  ranks.insert(place, rank);
  put_row(book_.ledger(), item);
  return true;
}

void LearnerLog::mark_damaged(uint64_t sequence) {
  UME_CHECK(sequence < items_.size(), "the item is in the log");
  items_[sequence].damaged = true;
  put_row(book_.ledger(), items_[sequence]);
}

}  // namespace ume
