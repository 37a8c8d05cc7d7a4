#include "reward/reward_policy.h"

#include <utility>
#include <vector>

#include "reward/external/external_term.h"
#include "reward/internal/terms.h"
#include "reward/judge/judge_term.h"
#include "reward/plugin/plugin_term.h"
#include "reward/terms/term_catalogue.h"

namespace ume {

std::unique_ptr<RewardPolicy> make_reward_policy(
    const RewardTermConfig& config, const RewardEnvironment& environment) {
  const TermKind& kind = find_term_kind(config.name, "reward.terms");
  if (kind.make != nullptr) return kind.make(config);
  if (kind.name == "plugin") return make_plugin_term(config, environment);
  if (kind.name == "external") return make_external_term(config);
  if (kind.name == "judge") return make_judge_term(config, environment);
  std::vector<std::unique_ptr<RewardPolicy>> factors;
  for (const FactorConfig& factor : config.factors) {
    RewardTermConfig term;
    static_cast<TermParameters&>(term) = factor;
    factors.push_back(make_reward_policy(term, environment));
  }
  return make_product_term(std::move(factors));
}

}  // namespace ume
