#include "reward/extension_input.h"

#include <algorithm>
#include <utility>

#include "common/hash/xxh3.h"
#include "common/text/utf8.h"
#include "reward/policy_hash.h"

namespace ume {
namespace {

void clean(std::vector<std::string>& texts) {
  for (std::string& text : texts) {
    if (!is_valid_utf8(text)) text = replace_invalid_utf8(text);
    if (text.find('\0') == std::string::npos) continue;
    std::string without;
    for (const char c : text) {
      if (c == '\0') {
        without += "\xEF\xBF\xBD";
      } else {
        without += c;
      }
    }
    text = std::move(without);
  }
}

void clean_side(const CohortView& view, Side which, CohortSide& side) {
  const Cohort& cohort = view.cohort();
  const auto width = static_cast<size_t>(cohort.dim);
  side.gen_embeddings.resize(view.num_rows() * width);
  side.embedding_sources.clear();  // what does not count comes as missing
  for (int64_t row = 0; row < view.num_rows(); ++row) {
    side.has_embedding[row] = view.takes_part(which, row) ? 1 : 0;
    if (side.has_embedding[row] != 0) continue;
    std::fill_n(side.gen_embeddings.begin() + row * cohort.dim, width, 0.0f);
  }
  const auto rows = static_cast<size_t>(view.num_rows());
  const auto pairs = static_cast<size_t>(cohort.num_pairs);
  // Recorded trajectories may not say how many tokens they had.
  if (side.completion_tokens.size() != rows ||
      std::any_of(side.completion_tokens.begin(), side.completion_tokens.end(),
                  [](int32_t count) { return count < 0; })) {
    side.completion_tokens.clear();
  }
  if (side.disc_embeddings.size() != pairs * width) {
    side.disc_embeddings.clear();
  }
  if (side.prompts.size() != pairs) side.prompts.clear();
  clean(side.completions);
  clean(side.prompts);
}

}  // namespace

Cohort extension_input(const CohortView& view) {
  Cohort cohort = view.cohort();
  const auto pairs = static_cast<size_t>(cohort.num_pairs);
  if (cohort.dispatch_index.size() != pairs) cohort.dispatch_index.clear();
  if (cohort.sources.size() != pairs) cohort.sources.clear();
  clean(cohort.sources);
  clean_side(view, Side::kQuery, cohort.query);
  clean_side(view, Side::kTarget, cohort.target);
  return cohort;
}

std::string score_key(const Cohort& input, const std::string& policy) {
  return Xxh3Hasher()
      .update_field(input_digest(input))
      .update_field(policy)
      .hex();
}

}  // namespace ume
