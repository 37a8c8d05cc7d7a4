#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ume {

// Three states: a failed reward never becomes 0 and never enters a mean.
enum class CellState : uint8_t { kValue = 0, kInvalid = 1, kFailed = 2 };

struct RewardCell {
  CellState state = CellState::kValue;
  double value = 0.0;  // meaningful for kValue only
  std::string reason;  // of kInvalid and kFailed
  bool operator==(const RewardCell&) const = default;
};

// Answers for both sides of a cohort. Rows as in CohortSide.
struct RewardColumn {
  std::string name;                // a component, or "total"
  std::vector<RewardCell> query;   // [N*G]
  std::vector<RewardCell> target;  // [N*G]
  bool operator==(const RewardColumn&) const = default;
};

struct RewardTable {
  std::string policy_hash;
  std::string input_digest;
  std::vector<RewardColumn> components;
  RewardColumn total;
  // Group spread, shares of the advantage and the like, by metric name.
  std::map<std::string, double> statistics;
  bool operator==(const RewardTable&) const = default;
};

}  // namespace ume
