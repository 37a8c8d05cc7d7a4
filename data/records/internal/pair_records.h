#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

enum class SamplingStrategy : uint8_t { kAll, kFirst, kEnd, kRandom };

struct Sampling {
  SamplingStrategy strategy = SamplingStrategy::kAll;
  uint64_t amount = 0;
  bool is_percent = false;
};

struct PairListEntry {
  std::filesystem::path file;
  Sampling sampling;
};

// The files of a .yaml list, or `path` itself. Throws InvalidInput.
std::vector<PairListEntry> read_pair_list_entries(
    const std::filesystem::path& path);

// One record of the published RL format. Throws InvalidInput that begins with
// `where`. Leaves `position` at 0.
PairRecord parse_pair_record(const nlohmann::json& record,
                             const std::string& where,
                             const std::string& media_root);

}  // namespace ume
