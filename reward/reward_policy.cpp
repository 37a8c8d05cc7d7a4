#include "reward/reward_policy.h"

#include <utility>
#include <vector>

#include "reward/internal/terms.h"
#include "reward/term_catalogue.h"

namespace ume {

std::unique_ptr<RewardPolicy> make_reward_policy(
    const RewardTermConfig& config) {
  const TermKind& kind = find_term_kind(config.name, "reward.terms");
  if (kind.make != nullptr) return kind.make(config);
  std::vector<std::unique_ptr<RewardPolicy>> factors;
  for (const FactorConfig& factor : config.factors) {
    RewardTermConfig term;
    static_cast<TermParameters&>(term) = factor;
    factors.push_back(make_reward_policy(term));
  }
  return make_product_term(std::move(factors));
}

}  // namespace ume
