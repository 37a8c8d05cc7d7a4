#include "common/wire/score_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <cstring>

#include "common/error/error.h"
#include "common/text/utf8.h"
#include "common/wire/internal/field.h"
#include "common/wire/reward_service.pb.h"

namespace ume {
namespace {

namespace proto = reward::v1;

constexpr int64_t kMaxRows = 1 << 16;

const std::string& checked_utf8(const std::string& value, const char* field) {
  if (!is_valid_utf8(value)) {
    throw InvalidInput(std::string(field) + ": not UTF-8");
  }
  return value;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

// expected: number of elements; or none at all where `may_be_empty`.
template <class T>
std::vector<T> elements(const std::string& bytes,
                        int64_t expected,
                        bool may_be_empty,
                        const Field& field) {
  if (may_be_empty && bytes.empty()) return {};
  const auto size = static_cast<int64_t>(bytes.size() / sizeof(T));
  if (bytes.size() % sizeof(T) != 0) refuse(field, "has a part of a number");
  same_count(size, expected, "the cohort's shape", field);
  std::vector<T> values(static_cast<size_t>(size));
  if (size > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

template <class List>
void count_or_none(const List& list, int64_t expected, const Field& field) {
  if (list.empty()) return;
  same_count(list.size(), expected, "the cohort's shape", field);
}

template <class Message>
Message parse(std::string_view bytes, const char* what) {
  // Protobuf would print a line for each bad message, at a stranger's will.
  static const auto silenced = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silenced);
  Message message;
  if (bytes.size() > INT32_MAX ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw InvalidInput("a score " + std::string(what) + " (" +
                       std::to_string(bytes.size()) +
                       " bytes) is not readable");
  }
  if (message.protocol_major() != kScoreProtocolMajor) {
    throw InvalidInput("a score " + std::string(what) + " of protocol " +
                       std::to_string(message.protocol_major()) +
                       ", expected " + std::to_string(kScoreProtocolMajor));
  }
  return message;
}

template <class List>
void put_texts(const std::vector<std::string>& texts,
               const char* field,
               List* out) {
  for (const std::string& text : texts) *out->Add() = checked_utf8(text, field);
}

void put_side(const CohortSide& side, proto::ScoreSide* out) {
  put_texts(side.prompts, "prompts", out->mutable_prompts());
  put_texts(side.completions, "completions", out->mutable_completions());
  out->set_gen_embeddings(bytes_of(side.gen_embeddings));
  out->set_has_embedding(bytes_of(side.has_embedding));
  out->mutable_completion_tokens()->Add(side.completion_tokens.begin(),
                                        side.completion_tokens.end());
  out->set_disc_embeddings(bytes_of(side.disc_embeddings));
}

CohortSide get_side(const proto::ScoreSide& in,
                    const Cohort& shape,
                    const Field& field) {
  const int64_t rows = shape.num_pairs * shape.group_size;
  CohortSide side;
  count_or_none(in.prompts(), shape.num_pairs, {&field, "prompts"});
  side.prompts.assign(in.prompts().begin(), in.prompts().end());
  same_count(in.completions_size(), rows, "the cohort's shape",
             {&field, "completions"});
  side.completions.assign(in.completions().begin(), in.completions().end());
  side.gen_embeddings = elements<float>(in.gen_embeddings(), rows * shape.dim,
                                        false, {&field, "gen_embeddings"});
  side.has_embedding = elements<uint8_t>(in.has_embedding(), rows, false,
                                         {&field, "has_embedding"});
  count_or_none(in.completion_tokens(), rows, {&field, "completion_tokens"});
  side.completion_tokens.assign(in.completion_tokens().begin(),
                                in.completion_tokens().end());
  side.disc_embeddings =
      elements<float>(in.disc_embeddings(), shape.num_pairs * shape.dim, true,
                      {&field, "disc_embeddings"});
  return side;
}

Cohort get_cohort(const proto::ScoreRequest& in) {
  const Field field{nullptr, "score_request"};
  Cohort cohort;
  cohort.id = in.cohort();
  cohort.update = in.update();
  cohort.num_pairs =
      integer(in.num_pairs(), 1, kMaxRows, {&field, "num_pairs"});
  cohort.group_size =
      integer(in.group_size(), 1, kMaxRows, {&field, "group_size"});
  integer(cohort.num_pairs * cohort.group_size, 1, kMaxRows,
          {&field, "num_pairs * group_size"});
  cohort.dim = integer(in.dim(), 0, kMaxDim, {&field, "dim"});
  count_or_none(in.pair_ids(), cohort.num_pairs, {&field, "pair_ids"});
  cohort.dispatch_index.assign(in.pair_ids().begin(), in.pair_ids().end());
  const auto texts = [&](const auto& list, const char* of) {
    count_or_none(list, cohort.num_pairs, {&field, of});
    return std::vector<std::string>(list.begin(), list.end());
  };
  cohort.sources = texts(in.sources(), "sources");
  cohort.query_digests = texts(in.query_digests(), "query_digests");
  cohort.target_digests = texts(in.target_digests(), "target_digests");
  cohort.duplicate_ids = texts(in.duplicate_ids(), "duplicate_ids");
  cohort.query = get_side(in.query(), cohort, {&field, "query"});
  cohort.target = get_side(in.target(), cohort, {&field, "target"});
  return cohort;
}

void put_cells(const std::vector<RewardCell>& cells, proto::SideScores* out) {
  for (size_t row = 0; row < cells.size(); ++row) {
    const RewardCell& cell = cells[row];
    out->add_values(cell.state == CellState::kValue ? cell.value : 0.0);
    if (cell.state == CellState::kValue) continue;
    proto::RowReason* why = cell.state == CellState::kInvalid
                                ? out->add_invalid()
                                : out->add_failed();
    why->set_row(static_cast<int64_t>(row));
    why->set_reason(replace_invalid_utf8(cell.reason));
  }
}

std::vector<RewardCell> get_cells(const proto::SideScores& in,
                                  int64_t num_rows,
                                  const Field& field) {
  same_count(in.values_size(), num_rows, "the cohort's shape",
             {&field, "values"});
  std::vector<RewardCell> cells;
  for (const double value : in.values()) {
    cells.push_back({CellState::kValue, value, ""});
  }
  const auto mark = [&](const auto& reasons, CellState state, const char* of) {
    for (const proto::RowReason& why : reasons) {
      const int64_t row = integer(why.row(), 0, num_rows - 1, {&field, of});
      cells[row] = {state, 0.0, name(why.reason(), {&field, of})};
    }
  };
  mark(in.invalid(), CellState::kInvalid, "invalid");
  mark(in.failed(), CellState::kFailed, "failed");
  return cells;
}

// Equal messages as equal bytes: a map has no order of its own.
std::string in_order(const proto::ScoreRequest& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

std::string encode_score_request(const ScoreRequest& request) {
  proto::ScoreRequest out;
  out.set_protocol_major(kScoreProtocolMajor);
  out.set_protocol_minor(kScoreProtocolMinor);
  out.set_request_id(request.request_id);
  out.set_key(checked_utf8(request.key, "key"));
  out.set_deadline_ms(request.deadline_ms);
  for (const auto& [name, value] : request.params) {
    (*out.mutable_params())[checked_utf8(name, "params")] =
        checked_utf8(value, "params");
  }
  const Cohort& cohort = request.cohort;
  out.set_cohort(cohort.id);
  out.set_update(cohort.update);
  out.set_num_pairs(cohort.num_pairs);
  out.set_group_size(cohort.group_size);
  out.set_dim(cohort.dim);
  out.mutable_pair_ids()->Add(cohort.dispatch_index.begin(),
                              cohort.dispatch_index.end());
  put_texts(cohort.sources, "sources", out.mutable_sources());
  put_texts(cohort.query_digests, "query_digests", out.mutable_query_digests());
  put_texts(cohort.target_digests, "target_digests",
            out.mutable_target_digests());
  put_texts(cohort.duplicate_ids, "duplicate_ids", out.mutable_duplicate_ids());
  put_side(cohort.query, out.mutable_query());
  put_side(cohort.target, out.mutable_target());
  return in_order(out);
}

ScoreRequest decode_score_request(std::string_view bytes) {
  const auto in = parse<proto::ScoreRequest>(bytes, "request");
  const Field field{nullptr, "score_request"};
  ScoreRequest request;
  request.request_id = in.request_id();
  request.key = name(in.key(), {&field, "key"});
  request.deadline_ms =
      integer(in.deadline_ms(), 0, INT64_MAX, {&field, "deadline_ms"});
  num_items(static_cast<int>(in.params().size()), {&field, "params"});
  request.params = {in.params().begin(), in.params().end()};
  request.cohort = get_cohort(in);
  return request;
}

std::string encode_score_reply(const ScoreReply& reply) {
  proto::ScoreReply out;
  out.set_protocol_major(kScoreProtocolMajor);
  out.set_protocol_minor(kScoreProtocolMinor);
  out.set_request_id(reply.request_id);
  out.set_refusal(replace_invalid_utf8(reply.refusal));
  out.set_version(replace_invalid_utf8(reply.version));
  put_cells(reply.query, out.mutable_query());
  put_cells(reply.target, out.mutable_target());
  return out.SerializeAsString();
}

ScoreReply decode_score_reply(std::string_view bytes, int64_t num_rows) {
  const auto in = parse<proto::ScoreReply>(bytes, "reply");
  const Field field{nullptr, "score_reply"};
  ScoreReply reply;
  reply.request_id = in.request_id();
  reply.refusal = name(in.refusal(), {&field, "refusal"});
  reply.version = name(in.version(), {&field, "version"});
  if (!reply.refusal.empty()) return reply;
  reply.query = get_cells(in.query(), num_rows, {&field, "query"});
  reply.target = get_cells(in.target(), num_rows, {&field, "target"});
  return reply;
}

}  // namespace ume
