#include "coordinator/cohorts/result_check.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace ume {
namespace {

using Fault = std::optional<std::string>;

// Log-probabilities may pass 0 by rounding only.
constexpr float kMaxLogprob = 1e-3f;
// Of an embedding's length, after normalisation in float32 or bf16.
constexpr double kUnitTolerance = 1e-2;
constexpr size_t kMaxDigestBytes = 128;
constexpr size_t kMaxComponents = 65;  // 64 terms and their raw sum
constexpr size_t kMaxStatistics = 1000;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxReasonBytes = 4096;

std::string version_text(const PolicyVersion& v) {
  return std::to_string(v.update) + "." + std::to_string(v.incarnation);
}

Fault expected(const std::string& field,
               const std::string& want,
               const std::string& found) {
  return field + ": expected " + want + ", found " + found;
}

Fault embedding_fault(const std::string& field,
                      const std::vector<float>& values,
                      int64_t dim) {
  if (values.empty()) return expected(field, "values", "none");
  if (dim > 0 && static_cast<int64_t>(values.size()) != dim) {
    return expected(field, std::to_string(dim) + " values",
                    std::to_string(values.size()));
  }
  double square = 0.0;
  for (const float v : values) {
    if (!std::isfinite(v)) return field + ": a value is not finite";
    square += static_cast<double>(v) * v;
  }
  if (std::abs(std::sqrt(square) - 1.0) > kUnitTolerance) {
    return expected(field, "length 1", std::to_string(std::sqrt(square)));
  }
  return std::nullopt;
}

Fault token_fault(const std::string& where,
                  const Trajectory& t,
                  const ResultRules& rules) {
  const auto limit = static_cast<size_t>(rules.sampling.max_new_tokens);
  if (t.ids.empty() || t.ids.size() > limit) {
    return expected(where + ".ids", "1 to " + std::to_string(limit) + " tokens",
                    std::to_string(t.ids.size()));
  }
  for (const int64_t id : t.ids) {
    if (id < 0 || (rules.vocab_size > 0 && id >= rules.vocab_size)) {
      return where + ".ids: " + std::to_string(id) +
             " is not in the vocabulary";
    }
  }
  if (t.logprobs.size() != t.ids.size()) {
    return expected(where + ".logprobs",
                    std::to_string(t.ids.size()) + " values",
                    std::to_string(t.logprobs.size()));
  }
  for (const float value : t.logprobs) {
    if (!std::isfinite(value) || value > kMaxLogprob) {
      return expected(where + ".logprobs", "finite values up to 0",
                      std::to_string(value));
    }
  }
  return std::nullopt;
}

Fault ending_fault(const std::string& where,
                   const Trajectory& t,
                   const ResultRules& rules) {
  if (t.finish != FinishReason::kEndToken &&
      t.finish != FinishReason::kLength) {
    return where + ".finish: unknown reason";
  }
  const auto limit = static_cast<size_t>(rules.sampling.max_new_tokens);
  if (t.finish == FinishReason::kLength && t.ids.size() != limit) {
    return where + ".finish: ended by length after " +
           std::to_string(t.ids.size()) + " of " + std::to_string(limit) +
           " tokens";
  }
  return std::nullopt;
}

// A completion without its own embedding was drawn as often as allowed.
Fault redraw_fault(const std::string& where,
                   const Trajectory& t,
                   const ResultRules& rules) {
  const int32_t limit = rules.sampling.max_redraws;
  if (t.redraws < 0 || t.redraws > limit) {
    return expected(where + ".redraws", "0 to " + std::to_string(limit),
                    std::to_string(t.redraws));
  }
  if (t.redraws < limit && t.embedding_source != EmbeddingSource::kCompletion) {
    return expected(where + ".redraws",
                    std::to_string(limit) + " without its own embedding",
                    std::to_string(t.redraws));
  }
  return std::nullopt;
}

Fault trajectory_fault(const Trajectory& t,
                       size_t index,
                       const ResultRules& rules) {
  const std::string where = "trajectories[" + std::to_string(index) + "]";
  if (t.sample != static_cast<int32_t>(index)) {
    return expected(where + ".sample", std::to_string(index),
                    std::to_string(t.sample));
  }
  if (auto fault = token_fault(where, t, rules)) return fault;
  if (auto fault = ending_fault(where, t, rules)) return fault;
  if (static_cast<int64_t>(t.completion.size()) > rules.max_completion_bytes) {
    return where + ".completion: " + std::to_string(t.completion.size()) +
           " bytes";
  }
  if (t.embedding_source > EmbeddingSource::kPrompt) {
    return where + ".embedding_source: unknown";
  }
  if (auto fault = redraw_fault(where, t, rules)) return fault;
  if (t.embedding_source == EmbeddingSource::kNone) {
    if (t.gen_embedding.empty()) return std::nullopt;
    return where + ".gen_embedding: there, but its source is none";
  }
  return embedding_fault(where + ".gen_embedding", t.gen_embedding,
                         rules.embedding_dim);
}

// All embeddings of a group are of one dimension.
Fault dimension_fault(const GroupResult& result) {
  size_t dim = result.disc_embedding.size();
  for (const Trajectory& t : result.trajectories) {
    if (t.gen_embedding.empty()) continue;
    if (dim == 0) dim = t.gen_embedding.size();
    if (t.gen_embedding.size() != dim) {
      return expected("gen_embedding", std::to_string(dim) + " values",
                      std::to_string(t.gen_embedding.size()));
    }
  }
  return std::nullopt;
}

Fault header_fault(const GroupResult& result, const ResultRules& rules) {
  if (result.version != rules.version) {
    return expected("version", version_text(rules.version),
                    version_text(result.version));
  }
  if (result.weight_hash != rules.weight_hash) {
    return expected("weight_hash", rules.weight_hash, "another");
  }
  if (result.sampling != rules.sampling) {
    return "sampling: not the leased parameters";
  }
  if (result.prompt_digest.empty() ||
      result.prompt_digest.size() > kMaxDigestBytes) {
    return "prompt_digest: missing or too long";
  }
  if (!rules.prompt_digest.empty() &&
      result.prompt_digest != rules.prompt_digest) {
    return expected("prompt_digest", "another attempt's " + rules.prompt_digest,
                    result.prompt_digest);
  }
  if (result.prompt_tokens < 1 ||
      result.prompt_tokens > rules.max_prompt_tokens) {
    return expected("prompt_tokens",
                    "1 to " + std::to_string(rules.max_prompt_tokens),
                    std::to_string(result.prompt_tokens));
  }
  if (!std::isfinite(result.seconds) || result.seconds < 0) {
    return "seconds: not a duration";
  }
  return std::nullopt;
}

Fault cell_fault(const std::string& where, const RewardCell& cell) {
  if (cell.state > CellState::kFailed) return where + ": unknown state";
  if (cell.state == CellState::kValue && !std::isfinite(cell.value)) {
    return where + ": a value is not finite";
  }
  if (cell.reason.size() > kMaxReasonBytes) return where + ": reason too long";
  return std::nullopt;
}

Fault column_fault(const RewardColumn& column, size_t num_rows) {
  for (const auto* side : {&column.query, &column.target}) {
    if (side->size() != num_rows) {
      return expected("column " + column.name,
                      std::to_string(num_rows) + " rows a side",
                      std::to_string(side->size()));
    }
    for (const RewardCell& cell : *side) {
      if (auto fault = cell_fault("column " + column.name, cell)) return fault;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_fault(const GroupResult& result,
                                      const ResultRules& rules) {
  if (auto fault = header_fault(result, rules)) return fault;
  if (static_cast<int64_t>(result.trajectories.size()) != rules.group_size) {
    return expected("trajectories", std::to_string(rules.group_size),
                    std::to_string(result.trajectories.size()));
  }
  for (size_t i = 0; i < result.trajectories.size(); ++i) {
    if (auto fault = trajectory_fault(result.trajectories[i], i, rules)) {
      return fault;
    }
  }
  if (!result.disc_embedding.empty()) {
    if (auto fault = embedding_fault("disc_embedding", result.disc_embedding,
                                     rules.embedding_dim)) {
      return fault;
    }
  }
  return dimension_fault(result);
}

std::optional<std::string> find_fault(const RewardTable& table,
                                      int64_t num_rows,
                                      const std::string& policy_hash,
                                      const std::string& input_digest) {
  if (table.policy_hash != policy_hash) {
    return expected("policy_hash", policy_hash, "another");
  }
  if (table.input_digest != input_digest) {
    return expected("input_digest", input_digest, "another");
  }
  if (table.components.size() > kMaxComponents) {
    return expected("components", "up to " + std::to_string(kMaxComponents),
                    std::to_string(table.components.size()));
  }
  std::set<std::string> names;
  for (const RewardColumn& column : table.components) {
    if (column.name.empty() || column.name.size() > kMaxNameBytes ||
        !names.insert(column.name).second) {
      return std::string(
          "components: a name is missing, too long or there "
          "twice");
    }
    if (auto fault = column_fault(column, static_cast<size_t>(num_rows))) {
      return fault;
    }
  }
  if (table.statistics.size() > kMaxStatistics) {
    return expected("statistics", "up to " + std::to_string(kMaxStatistics),
                    std::to_string(table.statistics.size()));
  }
  for (const auto& [name, value] : table.statistics) {
    if (name.empty() || name.size() > kMaxNameBytes || !std::isfinite(value)) {
      return std::string(
          "statistics: a name is missing or too long, or a value is not "
          "finite");
    }
  }
  return column_fault(table.total, static_cast<size_t>(num_rows));
}

std::optional<std::string> find_failed_cell(const RewardTable& table) {
  for (const auto* side : {&table.total.query, &table.total.target}) {
    for (const RewardCell& cell : *side) {
      if (cell.state == CellState::kFailed) return cell.reason;
    }
  }
  return std::nullopt;
}

}  // namespace ume
