#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reward/reward_policy.h"

namespace ume {

// A name that a term of the configuration can have.
struct TermKind {
  std::string name;
  std::vector<std::string> parameters;  // of TermParameters, that it takes
  // Null for `product`, which is made of other terms, and for the extensions,
  // which need more than their parameters.
  std::unique_ptr<RewardPolicy> (*make)(const TermParameters&) = nullptr;
};

// All of them, sorted by name.
const std::vector<TermKind>& term_kinds();

// The kind of that name. Throws ConfigError `FIELD.name: …` that names the
// nearest known one.
const TermKind& find_term_kind(const std::string& name,
                               const std::string& field);

// field: where it stands, "reward.terms[2]". Throws ConfigError for an unknown
// name, a parameter of another kind, or a value that cannot be meant.
void check_term_parameters(const TermParameters& term,
                           const std::string& field);

}  // namespace ume
