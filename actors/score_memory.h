#pragma once

#include <deque>
#include <string>

#include "common/types/reward_table.h"

namespace ume {

// The last tables that a reward service gave, so that a cohort that is offered
// again, because the answer was lost, gets the same one: also from terms that
// would not say the same thing twice. A table whose total failed somewhere is
// not kept.
class ScoreMemory {
 public:
  // Null: not known. Valid until the next keep().
  const RewardTable* find(uint64_t cohort,
                          const std::string& policy_hash,
                          const std::string& input_digest) const;
  void keep(uint64_t cohort, const RewardTable& table);

 private:
  struct Entry {
    uint64_t cohort;
    RewardTable table;  // policy hash and digest are in it
  };
  std::deque<Entry> entries_;
};

}  // namespace ume
