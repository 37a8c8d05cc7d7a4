#include "data/records/pair_list.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "common/error/error.h"
#include "common/random/philox.h"
#include "data/internal/json_file.h"
#include "data/records/internal/fields.h"
#include "data/records/internal/pair_records.h"
#include "data/records/internal/record_index.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxListBytes = 1u << 20;
constexpr size_t kMaxPairs = 4u << 20;

PromptRecord read_side(const Fields& record,
                       const std::string& side,
                       const std::string& media_root) {
  PromptRecord out;
  out.text = record.text((side + "_text").c_str());
  out.images = record.media((side + "_image").c_str(), media_root);
  // Published files name both; the picture wins.
  if (out.images.empty()) {
    out.frames = record.media((side + "_video").c_str(), media_root);
  }
  return out;
}

// "all", "first:N", "end:N", "random:N"; N may be P%.
Sampling parse_sampling(const std::string& text, const std::string& where) {
  Sampling sampling;
  if (text == "all") return sampling;
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  if (name == "first") {
    sampling.strategy = SamplingStrategy::kFirst;
  } else if (name == "end") {
    sampling.strategy = SamplingStrategy::kEnd;
  } else if (name == "random") {
    sampling.strategy = SamplingStrategy::kRandom;
  }
  const char* begin =
      colon == std::string::npos ? nullptr : text.data() + colon + 1;
  const char* end = text.data() + text.size();
  if (begin && end > begin && end[-1] == '%') {
    sampling.is_percent = true;
    --end;
  }
  bool is_good =
      begin != nullptr && sampling.strategy != SamplingStrategy::kAll;
  if (is_good) {
    const auto [stop, error] = std::from_chars(begin, end, sampling.amount);
    is_good = error == std::errc() && stop == end &&
              !(sampling.is_percent && sampling.amount > 100);
  }
  if (!is_good) {
    throw InvalidInput(where +
                       ".sampling_strategy: expected all, first:N, "
                       "end:N or random:N (N may be P%), found '" +
                       text + "'");
  }
  return sampling;
}

// The chosen records of a file of `size`, in order. stream: which entry of the
// list asks.
std::vector<size_t> choose(const Sampling& sampling,
                           size_t size,
                           uint64_t seed,
                           uint64_t stream) {
  std::vector<size_t> chosen(size);
  std::iota(chosen.begin(), chosen.end(), size_t{0});
  if (sampling.strategy == SamplingStrategy::kAll) return chosen;
  const uint64_t wanted = sampling.is_percent
                              ? (size * sampling.amount + 99) / 100
                              : sampling.amount;
  const auto count = static_cast<size_t>(std::min<uint64_t>(wanted, size));
  if (sampling.strategy == SamplingStrategy::kEnd) {
    chosen.erase(chosen.begin(),
                 chosen.end() - static_cast<std::ptrdiff_t>(count));
    return chosen;
  }
  if (sampling.strategy == SamplingStrategy::kRandom) {
    RandomStream(seed, stream).shuffle(std::span<size_t>(chosen));
  }
  chosen.resize(count);
  return chosen;
}

// The text of a scalar; empty where the node is something else.
std::string scalar(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

PairListEntry read_entry(const YAML::Node& node,
                         const fs::path& folder,
                         const std::string& where) {
  if (!node.IsMap()) throw InvalidInput(where + ": expected a mapping");
  for (const auto& member : node) {
    const std::string key = scalar(member.first);
    if (key != "json_path" && key != "sampling_strategy") {
      throw InvalidInput(where + ": unknown key '" + key +
                         "'; known are json_path, sampling_strategy");
    }
  }
  const std::string file = scalar(node["json_path"]);
  if (file.empty()) {
    throw InvalidInput(where + ".json_path: expected a path");
  }
  PairListEntry entry{folder / file, {}};
  if (node["sampling_strategy"].IsDefined()) {
    entry.sampling = parse_sampling(scalar(node["sampling_strategy"]), where);
  }
  return entry;
}

YAML::Node load_yaml(const fs::path& path) {
  try {
    return YAML::Load(read_text_file(path, kMaxListBytes));
  } catch (const YAML::Exception& error) {
    throw InvalidInput(path.string() + ", line " +
                       std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

std::vector<PairListEntry> read_list(const fs::path& path) {
  const std::string file = path.string();
  const YAML::Node root = load_yaml(path);
  if (!root.IsMap() || root.size() != 1 || !root["datasets"].IsDefined() ||
      !root["datasets"].IsSequence()) {
    throw InvalidInput(file + ": expected one key, 'datasets', with a list");
  }
  std::vector<PairListEntry> entries;
  for (const YAML::Node& node : root["datasets"]) {
    const std::string where =
        file + ", line " + std::to_string(node.Mark().line + 1) +
        ": datasets[" + std::to_string(entries.size()) + "]";
    entries.push_back(read_entry(node, path.parent_path(), where));
  }
  if (entries.empty())
    throw InvalidInput(file + ": datasets: the list is empty");
  return entries;
}

}  // namespace

std::vector<PairListEntry> read_pair_list_entries(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".yaml" || extension == ".yml") return read_list(path);
  return {{path, {}}};
}

PairRecord parse_pair_record(const nlohmann::json& record,
                             const std::string& where,
                             const std::string& media_root) {
  const Fields fields(record, where);
  return {0, fields.text_or_empty("dataset_name"),
          read_side(fields, "qry", media_root),
          read_side(fields, "pos", media_root),
          fields.text_or_empty("duplicate_id")};
}

std::vector<PairRecord> read_pair_list(const fs::path& path,
                                       const PairListOptions& options) {
  const std::vector<PairListEntry> entries = read_pair_list_entries(path);
  std::vector<PairRecord> pairs;
  for (size_t e = 0; e < entries.size(); ++e) {
    const RecordIndex index(entries[e].file);
    const auto chosen =
        choose(entries[e].sampling, index.size(), options.seed, e);
    if (chosen.size() > kMaxPairs - pairs.size()) {
      throw InvalidInput(path.string() + ": more than " +
                         std::to_string(kMaxPairs) + " pairs");
    }
    for (const size_t i : chosen) {
      pairs.push_back(
          parse_pair_record(index.at(i), index.where(i), options.media_root));
      pairs.back().position = pairs.size() - 1;
    }
  }
  return pairs;
}

}  // namespace ume
