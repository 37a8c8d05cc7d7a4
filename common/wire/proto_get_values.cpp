#include "common/error/error.h"
#include "common/wire/internal/proto_values.h"

namespace ume {
namespace {

using ume::get;

std::vector<int64_t> get_ids(const v1::Array& in,
                             ArrayReader& arrays,
                             const Field& field) {
  const std::vector<int32_t> narrow = arrays.read<int32_t>(in, field);
  integer(static_cast<int64_t>(narrow.size()), 0, kMaxTokens, field);
  for (int32_t id : narrow) {
    integer(id, 0, INT32_MAX, field);
  }
  return {narrow.begin(), narrow.end()};
}

// Log-probabilities are at most 0; rounding may leave them just above.
std::vector<float> get_logprobs(const v1::Array& in,
                                size_t num_tokens,
                                ArrayReader& arrays,
                                const Field& field) {
  std::vector<float> values = arrays.read_finite<float>(in, field);
  same_count(static_cast<int64_t>(values.size()),
             static_cast<int64_t>(num_tokens), "ids", field);
  for (float value : values) {
    number(value, -1e30, 1e-3, field);
  }
  return values;
}

Side get_side(v1::Side side, const Field& field) {
  switch (side) {
    case v1::SIDE_QUERY:
      return Side::kQuery;
    case v1::SIDE_TARGET:
      return Side::kTarget;
    default:
      refuse(field, "unknown side " + std::to_string(side));
  }
}

EmbeddingSource get_source(v1::EmbeddingSource source, const Field& field) {
  switch (source) {
    case v1::EMBEDDING_SOURCE_NONE:
      return EmbeddingSource::kNone;
    case v1::EMBEDDING_SOURCE_COMPLETION:
      return EmbeddingSource::kCompletion;
    case v1::EMBEDDING_SOURCE_PROMPT:
      return EmbeddingSource::kPrompt;
    default:
      refuse(field, "unknown embedding source " + std::to_string(source));
  }
}

FinishReason get_finish(v1::FinishReason finish, const Field& field) {
  switch (finish) {
    case v1::FINISH_REASON_END_TOKEN:
      return FinishReason::kEndToken;
    case v1::FINISH_REASON_LENGTH:
      return FinishReason::kLength;
    default:
      refuse(field, "unknown finish reason " + std::to_string(finish));
  }
}

MediaRef get(const v1::MediaRef& in, const Field& field) {
  MediaRef out;
  out.root = name(in.root(), {&field, "root"});
  out.path = name(in.path(), {&field, "path"});
  out.content_hash = name(in.content_hash(), {&field, "content_hash"});
  return out;
}

Trajectory get(const v1::Trajectory& in,
               ArrayReader& arrays,
               const Field& field) {
  Trajectory out;
  out.sample = in.sample();
  const Field ids{&field, "ids"};
  out.ids = get_ids(in.ids(), arrays, ids);
  out.completion = text(in.completion(), kMaxText, {&field, "completion"});
  out.logprobs =
      get_logprobs(in.logprobs(), out.ids.size(), arrays, {&field, "logprobs"});
  const Field embedding{&field, "gen_embedding"};
  out.gen_embedding = arrays.read_finite<float>(in.gen_embedding(), embedding);
  integer(static_cast<int64_t>(out.gen_embedding.size()), 0, kMaxDim,
          embedding);
  const Field source{&field, "embedding_source"};
  out.embedding_source = get_source(in.embedding_source(), source);
  if ((out.embedding_source == EmbeddingSource::kNone) !=
      out.gen_embedding.empty()) {
    refuse(source, "does not fit a gen_embedding of " +
                       std::to_string(out.gen_embedding.size()) + " numbers");
  }
  out.finish = get_finish(in.finish(), {&field, "finish"});
  out.redraws = static_cast<int32_t>(
      integer(in.redraws(), 0, kMaxRedraws, {&field, "redraws"}));
  return out;
}

std::vector<RewardCell> get(const v1::CellColumn& in,
                            ArrayReader& arrays,
                            const Field& field) {
  const Field values{&field, "values"};
  const auto numbers = arrays.read_finite<double>(in.values(), values);
  same_count(static_cast<int64_t>(numbers.size()),
             static_cast<int64_t>(in.states().size()), "states", values);
  std::vector<RewardCell> out(numbers.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].state = static_cast<CellState>(
        integer(in.states()[i], 0, static_cast<int64_t>(CellState::kFailed),
                at(field, "states", i)));
    out[i].value = numbers[i];
  }
  uint64_t next = 0;
  for (int i = 0; i < in.reasons_size(); ++i) {
    const Field reason = at(field, "reasons", i);
    const uint64_t index = in.reasons(i).index();
    if (index < next || index >= out.size()) {
      refuse(reason, "index " + std::to_string(index) +
                         " does not rise or is "
                         "beyond the last cell");
    }
    out[index].reason = name(in.reasons(i).reason(), reason);
    next = index + 1;
  }
  return out;
}

RewardColumn get(const v1::RewardColumn& in,
                 ArrayReader& arrays,
                 const Field& field) {
  RewardColumn out;
  out.name = name(in.name(), {&field, "name"});
  out.query = get(in.query(), arrays, {&field, "query"});
  out.target = get(in.target(), arrays, {&field, "target"});
  return out;
}

TrainGroup get(const v1::TrainGroup& in,
               ArrayReader& arrays,
               const Field& field) {
  TrainGroup out;
  present(in.has_group(), {&field, "group"});
  present(in.has_prompt(), {&field, "prompt"});
  present(in.has_version(), {&field, "version"});
  out.group = get(in.group(), {&field, "group"});
  out.prompt = get(in.prompt(), {&field, "prompt"});
  out.prompt_digest = name(in.prompt_digest(), {&field, "prompt_digest"});
  out.version = get(in.version());
  integer(in.samples_size(), 0, kMaxGroup, {&field, "samples"});
  for (int g = 0; g < in.samples_size(); ++g) {
    const Field sample = at(field, "samples", g);
    out.completion_ids.push_back(
        get_ids(in.samples(g).ids(), arrays, {&sample, "ids"}));
    out.logprobs.push_back(get_logprobs(in.samples(g).logprobs(),
                                        out.completion_ids.back().size(),
                                        arrays, {&sample, "logprobs"}));
    out.rewards.push_back(finite(in.samples(g).reward(), {&sample, "reward"}));
  }
  return out;
}

}  // namespace

Role get_role(const v1::RegisterRequest& in, const Field& field) {
  switch (in.role()) {
    case v1::ROLE_SUPERVISOR:
      return Role::kSupervisor;
    case v1::ROLE_ROLLOUT:
      return Role::kRollout;
    case v1::ROLE_REWARD:
      return Role::kReward;
    case v1::ROLE_LEARNER:
      return Role::kLearner;
    default:
      refuse(field, "unknown role " + std::to_string(in.role()));
  }
}

PolicyVersion get(const v1::PolicyVersion& in) {
  return {in.update(), in.incarnation()};
}

WeightManifest get(const v1::WeightManifest& in, const Field& field) {
  WeightManifest out;
  out.version = get(in.version());
  out.channel = name(in.channel(), {&field, "channel"});
  out.address = name(in.address(), {&field, "address"});
  out.num_bytes = in.num_bytes();
  out.hash = name(in.hash(), {&field, "hash"});
  return out;
}

GroupId get(const v1::GroupId& in, const Field& field) {
  return {in.dispatch_index(), get_side(in.side(), {&field, "side"})};
}

SamplingParams get(const v1::SamplingParams& in, const Field& field) {
  SamplingParams out;
  out.temperature = number(in.temperature(), 0.0, 1e6, {&field, "temperature"});
  out.top_k = static_cast<int32_t>(
      integer(in.top_k(), 0, INT32_MAX, {&field, "top_k"}));
  out.top_p = number(in.top_p(), 0.0, 1.0, {&field, "top_p"});
  out.max_new_tokens = static_cast<int32_t>(
      integer(in.max_new_tokens(), 1, kMaxTokens, {&field, "max_new_tokens"}));
  out.ignore_eos = in.ignore_eos();
  out.max_redraws = static_cast<int32_t>(
      integer(in.max_redraws(), 0, kMaxRedraws, {&field, "max_redraws"}));
  return out;
}

PromptRecord get(const v1::PromptRecord& in, const Field& field) {
  PromptRecord out;
  out.text = text(in.text(), kMaxText, {&field, "text"});
  num_items(in.images_size(), {&field, "images"});
  num_items(in.frames_size(), {&field, "frames"});
  for (int i = 0; i < in.images_size(); ++i) {
    out.images.push_back(get(in.images(i), at(field, "images", i)));
  }
  for (int i = 0; i < in.frames_size(); ++i) {
    out.frames.push_back(get(in.frames(i), at(field, "frames", i)));
  }
  out.fps = number(in.fps(), 0.0, 1e6, {&field, "fps"});
  return out;
}

GroupResult get(const v1::GroupResult& in,
                ArrayReader& arrays,
                const Field& field) {
  GroupResult out;
  present(in.has_group(), {&field, "group"});
  present(in.has_version(), {&field, "version"});
  present(in.has_sampling(), {&field, "sampling"});
  out.group = get(in.group(), {&field, "group"});
  out.fencing = in.fencing();
  out.version = get(in.version());
  out.weight_hash = name(in.weight_hash(), {&field, "weight_hash"});
  out.prompt_digest = name(in.prompt_digest(), {&field, "prompt_digest"});
  out.prompt_tokens =
      integer(in.prompt_tokens(), 0, kMaxCount, {&field, "prompt_tokens"});
  out.sampling = get(in.sampling(), {&field, "sampling"});
  integer(in.trajectories_size(), 0, kMaxGroup, {&field, "trajectories"});
  for (int i = 0; i < in.trajectories_size(); ++i) {
    const Field element = at(field, "trajectories", i);
    Trajectory trajectory = get(in.trajectories(i), arrays, element);
    integer(trajectory.sample, i, i, {&element, "sample"});
    integer(static_cast<int64_t>(trajectory.ids.size()), 0,
            out.sampling.max_new_tokens, {&element, "ids"});
    out.trajectories.push_back(std::move(trajectory));
  }
  const Field disc{&field, "disc_embedding"};
  out.disc_embedding = arrays.read_finite<float>(in.disc_embedding(), disc);
  integer(static_cast<int64_t>(out.disc_embedding.size()), 0, kMaxDim, disc);
  out.seconds = number(in.seconds(), 0.0, 1e9, {&field, "seconds"});
  return out;
}

RewardTable get(const v1::RewardTable& in,
                ArrayReader& arrays,
                const Field& field) {
  RewardTable out;
  out.policy_hash = name(in.policy_hash(), {&field, "policy_hash"});
  out.input_digest = name(in.input_digest(), {&field, "input_digest"});
  integer(in.components_size(), 0, 1000, {&field, "components"});
  for (int i = 0; i < in.components_size(); ++i) {
    out.components.push_back(
        get(in.components(i), arrays, at(field, "components", i)));
  }
  const Field total{&field, "total"};
  present(in.has_total(), total);
  out.total = get(in.total(), arrays, total);
  for (size_t i = 0; i < out.components.size(); ++i) {
    const Field column = at(field, "components", i);
    same_count(static_cast<int64_t>(out.components[i].query.size()),
               static_cast<int64_t>(out.total.query.size()), "total",
               {&column, "query"});
    same_count(static_cast<int64_t>(out.components[i].target.size()),
               static_cast<int64_t>(out.total.target.size()), "total",
               {&column, "target"});
  }
  out.statistics = get(in.statistics(), {&field, "statistics"});
  return out;
}

BatchSlice get(const v1::BatchSlice& in,
               ArrayReader& arrays,
               const Field& field) {
  BatchSlice out;
  out.update = in.update();
  out.plan_id = name(in.plan_id(), {&field, "plan_id"});
  out.plan_hash = name(in.plan_hash(), {&field, "plan_hash"});
  const auto count = [&](int64_t value, const char* field_name) {
    return integer(value, 0, kMaxCount, {&field, field_name});
  };
  out.num_trajectories[0] =
      count(in.num_query_trajectories(), "num_query_trajectories");
  out.num_trajectories[1] =
      count(in.num_target_trajectories(), "num_target_trajectories");
  out.num_tokens[0] = count(in.num_query_tokens(), "num_query_tokens");
  out.num_tokens[1] = count(in.num_target_tokens(), "num_target_tokens");
  num_items(in.groups_size(), {&field, "groups"});
  for (int i = 0; i < in.groups_size(); ++i) {
    out.groups.push_back(get(in.groups(i), arrays, at(field, "groups", i)));
  }
  return out;
}

std::map<std::string, double> get(const v1::MetricSet& in, const Field& field) {
  std::map<std::string, double> out;
  integer(in.metrics_size(), 0, 1000, {&field, "metrics"});
  for (int i = 0; i < in.metrics_size(); ++i) {
    const Field metric = at(field, "metrics", i);
    const std::string& key = name(in.metrics(i).name(), metric);
    if (!out.emplace(key, in.metrics(i).value()).second) {
      refuse(metric, "the name '" + key + "' was given before");
    }
  }
  return out;
}

}  // namespace ume
