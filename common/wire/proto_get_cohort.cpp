#include "common/wire/internal/proto_values.h"

namespace ume {
namespace {

// The shape of a cohort's sides.
struct CohortShape {
  int64_t num_pairs;
  int64_t num_rows;
  int64_t dim;
};

// As many as has_embedding, and none where that says that there is none.
std::vector<EmbeddingSource> get_sources(const std::string& in,
                                         const CohortSide& side,
                                         const Field& field) {
  std::vector<EmbeddingSource> out;
  if (in.empty()) return out;  // as before minor version 2
  same_count(static_cast<int64_t>(in.size()),
             static_cast<int64_t>(side.has_embedding.size()),
             "num_pairs * group_size", field);
  for (size_t row = 0; row < in.size(); ++row) {
    const auto source = static_cast<EmbeddingSource>(integer(
        in[row], 0, static_cast<int64_t>(EmbeddingSource::kPrompt), field));
    if ((source == EmbeddingSource::kNone) == (side.has_embedding[row] != 0)) {
      refuse(field, "does not agree with has_embedding");
    }
    out.push_back(source);
  }
  return out;
}

CohortSide get(const v1::CohortSide& in,
               const CohortShape& shape,
               ArrayReader& arrays,
               const Field& field) {
  CohortSide out;
  same_count(in.completions_size(), shape.num_rows, "num_pairs * group_size",
             {&field, "completions"});
  for (int i = 0; i < in.completions_size(); ++i) {
    out.completions.push_back(
        text(in.completions(i), kMaxText, at(field, "completions", i)));
  }
  const Field gen{&field, "gen_embeddings"};
  out.gen_embeddings = arrays.read_finite<float>(in.gen_embeddings(), gen);
  same_count(static_cast<int64_t>(out.gen_embeddings.size()),
             shape.num_rows * shape.dim, "num_pairs * group_size * dim", gen);
  const Field has{&field, "has_embedding"};
  same_count(static_cast<int64_t>(in.has_embedding().size()), shape.num_rows,
             "num_pairs * group_size", has);
  for (char flag : in.has_embedding()) {
    out.has_embedding.push_back(static_cast<uint8_t>(integer(flag, 0, 1, has)));
  }
  const Field tokens{&field, "completion_tokens"};
  out.completion_tokens = arrays.read<int32_t>(in.completion_tokens(), tokens);
  same_count(static_cast<int64_t>(out.completion_tokens.size()), shape.num_rows,
             "num_pairs * group_size", tokens);
  for (int32_t count : out.completion_tokens) {
    integer(count, 0, kMaxTokens, tokens);
  }
  const Field disc{&field, "disc_embeddings"};
  out.disc_embeddings = arrays.read_finite<float>(in.disc_embeddings(), disc);
  if (!out.disc_embeddings.empty()) {
    same_count(static_cast<int64_t>(out.disc_embeddings.size()),
               shape.num_pairs * shape.dim, "num_pairs * dim", disc);
  }
  if (in.prompts_size() > 0) {  // none from a coordinator of minor version 0
    same_count(in.prompts_size(), shape.num_pairs, "num_pairs",
               {&field, "prompts"});
  }
  for (int i = 0; i < in.prompts_size(); ++i) {
    out.prompts.push_back(
        text(in.prompts(i), kMaxText, at(field, "prompts", i)));
  }
  out.embedding_sources =
      get_sources(in.embedding_sources(), out, {&field, "embedding_sources"});
  return out;
}

// One a pair, or none at all.
std::vector<std::string> names_of_pairs(
    const google::protobuf::RepeatedPtrField<std::string>& in,
    int64_t num_pairs,
    const Field& field) {
  std::vector<std::string> out;
  if (in.empty()) return out;
  same_count(in.size(), num_pairs, "num_pairs", field);
  for (const std::string& text : in) out.push_back(name(text, field));
  return out;
}

}  // namespace

Cohort get(const v1::Cohort& in, ArrayReader& arrays, const Field& field) {
  Cohort out;
  out.id = in.id();
  out.update = in.update();
  out.num_pairs = integer(in.num_pairs(), 0, kMaxItems, {&field, "num_pairs"});
  out.group_size =
      integer(in.group_size(), 0, kMaxGroup, {&field, "group_size"});
  out.dim = integer(in.dim(), 0, kMaxDim, {&field, "dim"});
  same_count(in.dispatch_index_size(), out.num_pairs, "num_pairs",
             {&field, "dispatch_index"});
  out.dispatch_index.assign(in.dispatch_index().begin(),
                            in.dispatch_index().end());
  same_count(in.sources_size(), out.num_pairs, "num_pairs",
             {&field, "sources"});
  for (int i = 0; i < in.sources_size(); ++i) {
    out.sources.push_back(name(in.sources(i), at(field, "sources", i)));
  }
  out.query_digests = names_of_pairs(in.query_digests(), out.num_pairs,
                                     {&field, "query_digests"});
  out.target_digests = names_of_pairs(in.target_digests(), out.num_pairs,
                                      {&field, "target_digests"});
  out.duplicate_ids = names_of_pairs(in.duplicate_ids(), out.num_pairs,
                                     {&field, "duplicate_ids"});
  const CohortShape shape{out.num_pairs, out.num_pairs * out.group_size,
                          out.dim};
  out.query = get(in.query(), shape, arrays, {&field, "query"});
  out.target = get(in.target(), shape, arrays, {&field, "target"});
  return out;
}

}  // namespace ume
