#pragma once

#include <memory>

#include "reward/reward_policy.h"

namespace ume {

// `external`: a service of others, in any language, scores the cohort over
// ZeroMQ (common/wire/reward_service.proto, docs/formats/wire.md). It is asked
// at most 1 + retries times; a service that fails again and again is left alone
// for breaker_seconds. Whatever goes wrong fails the call's cells.
// Throws ConfigError, naming the term, for an address or key that cannot be
// used. The service need not be there yet.
std::unique_ptr<RewardPolicy> make_external_term(
    const RewardTermConfig& config);

}  // namespace ume
