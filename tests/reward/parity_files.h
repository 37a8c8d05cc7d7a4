#pragma once

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/types/cohort.h"

namespace ume {

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

}  // namespace ume
