#include "coordinator/cohort_build.h"

#include <algorithm>

#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

int64_t dimension(const std::vector<GroupResult>& results) {
  for (const GroupResult& result : results) {
    if (!result.disc_embedding.empty()) {
      return static_cast<int64_t>(result.disc_embedding.size());
    }
    for (const Trajectory& t : result.trajectories) {
      if (!t.gen_embedding.empty()) {
        return static_cast<int64_t>(t.gen_embedding.size());
      }
    }
  }
  return 0;
}

void append_group(const GroupResult& result, int64_t dim, CohortSide& side) {
  const auto width = static_cast<size_t>(dim);
  for (const Trajectory& t : result.trajectories) {
    side.completions.push_back(t.completion);
    side.completion_tokens.push_back(static_cast<int32_t>(t.ids.size()));
    side.has_embedding.push_back(t.gen_embedding.empty() ? 0 : 1);
    side.embedding_sources.push_back(t.embedding_source);
    if (t.gen_embedding.empty()) {
      side.gen_embeddings.resize(side.gen_embeddings.size() + width, 0.0f);
    } else {
      side.gen_embeddings.insert(side.gen_embeddings.end(),
                                 t.gen_embedding.begin(),
                                 t.gen_embedding.end());
    }
  }
  side.disc_embeddings.insert(side.disc_embeddings.end(),
                              result.disc_embedding.begin(),
                              result.disc_embedding.end());
}

void hash_side(Xxh3Hasher& hasher, const CohortSide& side) {
  for (const std::string& text : side.completions) hasher.update_field(text);
  hasher.update_field(bytes_of(side.gen_embeddings));
  hasher.update_field(bytes_of(side.has_embedding));
  hasher.update_field(bytes_of(side.embedding_sources));
  hasher.update_field(bytes_of(side.completion_tokens));
  hasher.update_field(bytes_of(side.disc_embeddings));
  for (const std::string& text : side.prompts) hasher.update_field(text);
}

// A text, its tag and its length.
uint64_t text_bytes(const std::vector<std::string>& texts) {
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size() + 8;
  return bytes;
}

uint64_t side_bytes(const CohortSide& side) {
  return text_bytes(side.completions) + text_bytes(side.prompts) +
         bytes_of(side.gen_embeddings).size() + side.has_embedding.size() +
         side.embedding_sources.size() +
         bytes_of(side.completion_tokens).size() +
         bytes_of(side.disc_embeddings).size();
}

}  // namespace

Cohort make_cohort(const Ledger& ledger, const CohortParts& parts) {
  std::vector<GroupResult> results;
  for (const GroupRow& row : parts.rows) {
    auto result = find_result(ledger, row);
    if (!result) {
      throw IoError("ledger: trajectories of group " + row.key() +
                    " are missing");
    }
    results.push_back(std::move(*result));
  }
  Cohort cohort;
  cohort.id = parts.id;
  cohort.update = parts.update;
  cohort.num_pairs = static_cast<int64_t>(parts.rows.size() / 2);
  cohort.group_size = parts.group_size;
  cohort.sources = parts.sources;
  cohort.duplicate_ids = parts.duplicate_ids;
  cohort.query.prompts = parts.query_prompts;
  cohort.target.prompts = parts.target_prompts;
  cohort.dim =
      parts.embedding_dim > 0 ? parts.embedding_dim : dimension(results);
  for (size_t i = 0; i < results.size(); ++i) {
    const bool query = parts.rows[i].group.side == Side::kQuery;
    if (query) {
      cohort.dispatch_index.push_back(parts.rows[i].group.dispatch_index);
    }
    (query ? cohort.query_digests : cohort.target_digests)
        .push_back(results[i].prompt_digest);
    append_group(results[i], cohort.dim, query ? cohort.query : cohort.target);
  }
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    const auto all = static_cast<size_t>(cohort.num_pairs * cohort.dim);
    if (side->disc_embeddings.size() != all) side->disc_embeddings.clear();
  }
  return cohort;
}

uint64_t cohort_bytes(const Cohort& cohort) {
  constexpr uint64_t kEnvelopeBytes = 16 << 10;
  constexpr uint64_t kIndexBytes = 10;
  return kEnvelopeBytes + kIndexBytes * cohort.dispatch_index.size() +
         text_bytes(cohort.sources) + text_bytes(cohort.query_digests) +
         text_bytes(cohort.target_digests) + text_bytes(cohort.duplicate_ids) +
         side_bytes(cohort.query) + side_bytes(cohort.target);
}

std::string cohort_digest(const Cohort& cohort) {
  Xxh3Hasher hasher;
  hasher.update_u64(cohort.id).update_u64(cohort.update);
  hasher.update_u64(static_cast<uint64_t>(cohort.num_pairs));
  hasher.update_u64(static_cast<uint64_t>(cohort.group_size));
  hasher.update_u64(static_cast<uint64_t>(cohort.dim));
  hasher.update_field(bytes_of(cohort.dispatch_index));
  for (const auto* names : {&cohort.sources, &cohort.query_digests,
                            &cohort.target_digests, &cohort.duplicate_ids}) {
    for (const std::string& text : *names) hasher.update_field(text);
  }
  hash_side(hasher, cohort.query);
  hash_side(hasher, cohort.target);
  return hasher.hex();
}

}  // namespace ume
