#include "coordinator/plan/stored_plan.h"

#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr const char* kKey = "plan";

std::string first_difference(const std::string& ours,
                             const std::string& stored) {
  size_t begin = 0;
  while (begin < ours.size()) {
    const size_t end = ours.find('\n', begin);
    const std::string line = ours.substr(begin, end - begin);
    if (stored.compare(begin, line.size() + 1, line + "\n") != 0) {
      const std::string old =
          begin < stored.size()
              ? stored.substr(begin, stored.find('\n', begin) - begin)
              : "nothing";
      return "'" + old + "' then, '" + line + "' now";
    }
    begin = end + 1;
  }
  return "there were more phases";
}

}  // namespace

void require_same_plan(const RunPlan& plan,
                       const PhaseData& data,
                       const Ledger& ledger) {
  const auto stored = ledger.get(LedgerTable::kMeta, kKey);
  const std::string ours = plan_fingerprint(plan, data);
  if (!stored || *stored == ours) return;
  throw ConfigError(
      "the run was started with another configuration and cannot be "
      "continued with this one: " +
      first_difference(ours, *stored));
}

void keep_plan(const RunPlan& plan, const PhaseData& data, Ledger& ledger) {
  require_same_plan(plan, data, ledger);
  if (ledger.get(LedgerTable::kMeta, kKey)) return;
  ledger.put(LedgerTable::kMeta, kKey, plan_fingerprint(plan, data));
}

}  // namespace ume
