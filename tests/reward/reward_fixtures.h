#pragma once

#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "reward/reward_config.h"

namespace ume {

inline RewardTermConfig term_of(const std::string& name, double weight = 1.0) {
  RewardTermConfig term;
  term.name = name;
  term.weight = weight;
  return term;
}

inline RewardConfig config_of(const std::vector<std::string>& names) {
  RewardConfig config;
  config.terms.clear();
  for (const std::string& name : names) config.terms.push_back(term_of(name));
  return config;
}

inline nlohmann::json read_fixture(const std::string& path) {
  std::ifstream in("tests/fixtures/" + path);
  return nlohmann::json::parse(in);
}

// Numbers of the parity files: "nan" and "inf" are strings there.
inline double parity_number(const nlohmann::json& value) {
  if (value.is_string()) return std::numeric_limits<double>::quiet_NaN();
  return value.get<double>();
}

inline CohortSide parity_side(const nlohmann::json& json) {
  CohortSide side;
  side.completions = json.at("texts").get<std::vector<std::string>>();
  for (const auto& row : json.at("embeddings")) {
    for (const auto& x : row) side.gen_embeddings.push_back(x.get<float>());
  }
  side.has_embedding.assign(side.completions.size(), 1);
  return side;
}

inline Cohort parity_cohort(const nlohmann::json& json) {
  Cohort cohort;
  cohort.num_pairs = json.at("num_groups");
  cohort.group_size = json.at("group_size");
  cohort.dim = json.at("dim");
  cohort.query = parity_side(json.at("query"));
  cohort.target = parity_side(json.at("target"));
  return cohort;
}

// Two pairs of two trajectories in the plane, all in the format. Pair 0 points
// along x, pair 1 along y, on both sides.
inline Cohort plane_cohort() {
  Cohort cohort;
  cohort.id = 7;
  cohort.num_pairs = 2;
  cohort.group_size = 2;
  cohort.dim = 2;
  CohortSide side;
  side.completions.assign(4, "<think>a</think><answer>b<gen_emb>");
  side.gen_embeddings = {1, 0, 1, 0, 0, 1, 0, 1};
  side.has_embedding.assign(4, 1);
  cohort.query = side;
  cohort.target = side;
  return cohort;
}

}  // namespace ume
