#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

struct PairListOptions {
  uint64_t seed = 0;             // of random:N
  std::string media_root = ".";  // the root of every MediaRef
};

// Reinforcement-learning pairs in the published format, in order; `position`
// counts over all files. path: a .yaml or .yml list
//   datasets: [{json_path: F, sampling_strategy: all | first:N | end:N |
//               random:N}, …]
// (N a number of records or P%, rounded up; json_path from the list's folder),
// or one .json/.jsonl file of {"qry_text", "qry_image", "qry_video",
// "pos_text", …, "dataset_name", "duplicate_id"}. "." as media root is the
// folder of `path`, for all files of a list. random:N shuffles by `seed` and
// takes the first N. Throws InvalidInput with file, line and field.
std::vector<PairRecord> read_pair_list(const std::filesystem::path& path,
                                       const PairListOptions& options = {});

}  // namespace ume
