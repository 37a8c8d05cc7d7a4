#include "actors/score_memory.h"

#include <algorithm>

namespace ume {
namespace {

constexpr size_t kMaxEntries = 8;

bool has_failed(const RewardColumn& column) {
  const auto failed = [](const RewardCell& cell) {
    return cell.state == CellState::kFailed;
  };
  return std::any_of(column.query.begin(), column.query.end(), failed) ||
         std::any_of(column.target.begin(), column.target.end(), failed);
}

}  // namespace

const RewardTable* ScoreMemory::find(uint64_t cohort,
                                     const std::string& policy_hash,
                                     const std::string& input_digest) const {
  for (const Entry& entry : entries_) {
    if (entry.cohort == cohort && entry.table.policy_hash == policy_hash &&
        entry.table.input_digest == input_digest) {
      return &entry.table;
    }
  }
  return nullptr;
}

void ScoreMemory::keep(uint64_t cohort, const RewardTable& table) {
  if (has_failed(table.total)) return;
  entries_.push_back({cohort, table});
  if (entries_.size() > kMaxEntries) entries_.pop_front();
}

}  // namespace ume
