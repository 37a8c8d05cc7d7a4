#include "reward/cohort/duplicates.h"

#include <map>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

bool same(const std::vector<std::string>& keys, int64_t pair, int64_t other) {
  return !keys.empty() && !keys[pair].empty() && keys[pair] == keys[other];
}

}  // namespace

bool are_duplicates(const Cohort& cohort, int64_t pair, int64_t other) {
  return same(cohort.target_digests, pair, other) ||
         same(cohort.query_digests, pair, other) ||
         same(cohort.duplicate_ids, pair, other);
}

int64_t count_equal_targets(const Cohort& cohort) {
  std::map<std::string, int64_t> pairs;
  for (const std::string& digest : cohort.target_digests) {
    if (!digest.empty()) ++pairs[digest];
  }
  int64_t count = 0;
  for (const auto& [digest, number] : pairs) {
    if (number > 1) count += number;
  }
  return count;
}

void check_negatives(const Cohort& cohort, const NegativesConfig& negatives) {
  const auto num_pairs = static_cast<size_t>(cohort.num_pairs);
  const auto fail = [&](const std::string& what) {
    throw InvalidInput("cohort " + std::to_string(cohort.id) + ": " + what);
  };
  if (negatives.same_source && cohort.sources.size() != num_pairs) {
    fail("reward.negatives.same_source needs the pairs' sources, found " +
         std::to_string(cohort.sources.size()));
  }
  const auto fits = [&](const std::vector<std::string>& keys) {
    return keys.empty() || keys.size() == num_pairs;
  };
  if (!fits(cohort.query_digests) || !fits(cohort.target_digests) ||
      !fits(cohort.duplicate_ids)) {
    fail("digests and duplicate ids are given for some pairs only");
  }
  if (negatives.exclude_duplicates && cohort.query_digests.empty() &&
      cohort.target_digests.empty() && cohort.duplicate_ids.empty()) {
    fail(
        "reward.negatives.exclude_duplicates needs the prompts' digests or "
        "duplicate ids, found none");
  }
}

}  // namespace ume
