#include "common/error/error.h"
#include "common/wire/internal/proto_values.h"

namespace ume {
namespace {

using ume::put;

// Token ids and counts travel in 32 bits.
void put_ids(const std::vector<int64_t>& ids,
             v1::Array* out,
             ArrayWriter& arrays) {
  std::vector<int32_t> narrow(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] > INT32_MAX) {
      throw InvalidInput("cannot send the token id " + std::to_string(ids[i]));
    }
    narrow[i] = static_cast<int32_t>(ids[i]);
  }
  arrays.add<int32_t>(narrow, out);
}

v1::Side side_of(Side side) {
  return side == Side::kQuery ? v1::SIDE_QUERY : v1::SIDE_TARGET;
}

void put(const MediaRef& value, v1::MediaRef* out) {
  out->set_root(utf8(value.root, "root"));
  out->set_path(utf8(value.path, "path"));
  out->set_content_hash(utf8(value.content_hash, "content_hash"));
}

void put(const Trajectory& value, v1::Trajectory* out, ArrayWriter& arrays) {
  out->set_sample(value.sample);
  put_ids(value.ids, out->mutable_ids(), arrays);
  out->set_completion(utf8(value.completion, "completion"));
  arrays.add<float>(value.logprobs, out->mutable_logprobs());
  arrays.add<float>(value.gen_embedding, out->mutable_gen_embedding());
  switch (value.embedding_source) {
    case EmbeddingSource::kNone:
      out->set_embedding_source(v1::EMBEDDING_SOURCE_NONE);
      break;
    case EmbeddingSource::kCompletion:
      out->set_embedding_source(v1::EMBEDDING_SOURCE_COMPLETION);
      break;
    case EmbeddingSource::kPrompt:
      out->set_embedding_source(v1::EMBEDDING_SOURCE_PROMPT);
      break;
  }
  out->set_finish(value.finish == FinishReason::kEndToken
                      ? v1::FINISH_REASON_END_TOKEN
                      : v1::FINISH_REASON_LENGTH);
  out->set_redraws(value.redraws);
}

void put(const CohortSide& value, v1::CohortSide* out, ArrayWriter& arrays) {
  for (const std::string& completion : value.completions) {
    out->add_completions(utf8(completion, "completion"));
  }
  arrays.add<float>(value.gen_embeddings, out->mutable_gen_embeddings());
  out->set_has_embedding(
      std::string(value.has_embedding.begin(), value.has_embedding.end()));
  arrays.add<int32_t>(value.completion_tokens,
                      out->mutable_completion_tokens());
  arrays.add<float>(value.disc_embeddings, out->mutable_disc_embeddings());
  for (const std::string& prompt : value.prompts) {
    out->add_prompts(utf8(prompt, "prompt"));
  }
  for (const EmbeddingSource source : value.embedding_sources) {
    out->mutable_embedding_sources()->push_back(static_cast<char>(source));
  }
}

void put(const std::vector<RewardCell>& cells,
         v1::CellColumn* out,
         ArrayWriter& arrays) {
  std::vector<double> values(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    out->mutable_states()->push_back(static_cast<char>(cells[i].state));
    values[i] = cells[i].state == CellState::kValue ? cells[i].value : 0.0;
    if (!cells[i].reason.empty()) {
      v1::CellReason* reason = out->add_reasons();
      reason->set_index(i);
      reason->set_reason(utf8(cells[i].reason, "reason"));
    }
  }
  arrays.add<double>(values, out->mutable_values());
}

void put(const RewardColumn& value,
         v1::RewardColumn* out,
         ArrayWriter& arrays) {
  out->set_name(utf8(value.name, "name"));
  put(value.query, out->mutable_query(), arrays);
  put(value.target, out->mutable_target(), arrays);
}

void put(const TrainGroup& value, v1::TrainGroup* out, ArrayWriter& arrays) {
  put(value.group, out->mutable_group());
  put(value.prompt, out->mutable_prompt());
  out->set_prompt_digest(utf8(value.prompt_digest, "prompt_digest"));
  put(value.version, out->mutable_version());
  if (value.completion_ids.size() != value.rewards.size() ||
      value.logprobs.size() != value.rewards.size()) {
    throw InvalidInput("cannot send a train group whose lengths disagree");
  }
  for (size_t g = 0; g < value.rewards.size(); ++g) {
    v1::TrainSample* sample = out->add_samples();
    put_ids(value.completion_ids[g], sample->mutable_ids(), arrays);
    arrays.add<float>(value.logprobs[g], sample->mutable_logprobs());
    sample->set_reward(value.rewards[g]);
  }
}

}  // namespace

// Well-formed UTF-8 as Unicode's table 3-7 has it.
const std::string& utf8(const std::string& text, const char* field) {
  const auto byte_at = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  size_t i = 0;
  while (i < text.size()) {
    const unsigned first = byte_at(i);
    const unsigned second = byte_at(i + 1);
    size_t length = 0;
    if (first < 0x80) {
      length = 1;
    } else if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      const bool good = (first != 0xe0 || second >= 0xa0) &&
                        (first != 0xed || second <= 0x9f);
      length = good ? 3 : 0;
    } else if (first >= 0xf0 && first <= 0xf4) {
      const bool good = (first != 0xf0 || second >= 0x90) &&
                        (first != 0xf4 || second <= 0x8f);
      length = good ? 4 : 0;
    }
    for (size_t k = 1; k < length; ++k) {
      length = (byte_at(i + k) & 0xc0) == 0x80 ? length : 0;
    }
    if (length == 0) {
      throw InvalidInput(std::string("cannot send ") + field + ": byte " +
                         std::to_string(i) + " is not well-formed UTF-8");
    }
    i += length;
  }
  return text;
}

void put_role(Role role, v1::RegisterRequest* out) {
  switch (role) {
    case Role::kSupervisor:
      return out->set_role(v1::ROLE_SUPERVISOR);
    case Role::kRollout:
      return out->set_role(v1::ROLE_ROLLOUT);
    case Role::kReward:
      return out->set_role(v1::ROLE_REWARD);
    case Role::kLearner:
      return out->set_role(v1::ROLE_LEARNER);
  }
}

void put(const PolicyVersion& value, v1::PolicyVersion* out) {
  out->set_update(value.update);
  out->set_incarnation(value.incarnation);
}

void put(const WeightManifest& value, v1::WeightManifest* out) {
  put(value.version, out->mutable_version());
  out->set_channel(utf8(value.channel, "channel"));
  out->set_address(utf8(value.address, "address"));
  out->set_num_bytes(value.num_bytes);
  out->set_hash(utf8(value.hash, "hash"));
}

void put(const GroupId& value, v1::GroupId* out) {
  out->set_dispatch_index(value.dispatch_index);
  out->set_side(side_of(value.side));
}

void put(const SamplingParams& value, v1::SamplingParams* out) {
  out->set_temperature(value.temperature);
  out->set_top_k(value.top_k);
  out->set_top_p(value.top_p);
  out->set_max_new_tokens(value.max_new_tokens);
  out->set_ignore_eos(value.ignore_eos);
  out->set_max_redraws(value.max_redraws);
}

void put(const PromptRecord& value, v1::PromptRecord* out) {
  out->set_text(utf8(value.text, "text"));
  for (const MediaRef& image : value.images) {
    put(image, out->add_images());
  }
  for (const MediaRef& frame : value.frames) {
    put(frame, out->add_frames());
  }
  out->set_fps(value.fps);
}

void put(const GroupResult& value, v1::GroupResult* out, ArrayWriter& arrays) {
  put(value.group, out->mutable_group());
  out->set_fencing(value.fencing);
  put(value.version, out->mutable_version());
  out->set_weight_hash(utf8(value.weight_hash, "weight_hash"));
  out->set_prompt_digest(utf8(value.prompt_digest, "prompt_digest"));
  out->set_prompt_tokens(value.prompt_tokens);
  put(value.sampling, out->mutable_sampling());
  for (const Trajectory& trajectory : value.trajectories) {
    put(trajectory, out->add_trajectories(), arrays);
  }
  arrays.add<float>(value.disc_embedding, out->mutable_disc_embedding());
  out->set_seconds(value.seconds);
}

void put(const Cohort& value, v1::Cohort* out, ArrayWriter& arrays) {
  out->set_id(value.id);
  out->set_update(value.update);
  out->set_num_pairs(value.num_pairs);
  out->set_group_size(value.group_size);
  out->set_dim(value.dim);
  for (uint64_t index : value.dispatch_index) {
    out->add_dispatch_index(index);
  }
  for (const std::string& source : value.sources) {
    out->add_sources(utf8(source, "source"));
  }
  for (const std::string& digest : value.query_digests) {
    out->add_query_digests(utf8(digest, "query_digest"));
  }
  for (const std::string& digest : value.target_digests) {
    out->add_target_digests(utf8(digest, "target_digest"));
  }
  for (const std::string& id : value.duplicate_ids) {
    out->add_duplicate_ids(utf8(id, "duplicate_id"));
  }
  put(value.query, out->mutable_query(), arrays);
  put(value.target, out->mutable_target(), arrays);
}

void put(const RewardTable& value, v1::RewardTable* out, ArrayWriter& arrays) {
  out->set_policy_hash(utf8(value.policy_hash, "policy_hash"));
  out->set_input_digest(utf8(value.input_digest, "input_digest"));
  for (const RewardColumn& column : value.components) {
    put(column, out->add_components(), arrays);
  }
  put(value.total, out->mutable_total(), arrays);
  put(value.statistics, out->mutable_statistics());
}

void put(const BatchSlice& value, v1::BatchSlice* out, ArrayWriter& arrays) {
  out->set_update(value.update);
  out->set_plan_id(utf8(value.plan_id, "plan_id"));
  out->set_plan_hash(utf8(value.plan_hash, "plan_hash"));
  out->set_num_query_trajectories(value.num_trajectories[0]);
  out->set_num_target_trajectories(value.num_trajectories[1]);
  out->set_num_query_tokens(value.num_tokens[0]);
  out->set_num_target_tokens(value.num_tokens[1]);
  for (const TrainGroup& group : value.groups) {
    put(group, out->add_groups(), arrays);
  }
}

void put(const std::map<std::string, double>& value, v1::MetricSet* out) {
  for (const auto& [metric_name, number] : value) {
    v1::Metric* metric = out->add_metrics();
    metric->set_name(utf8(metric_name, "metric"));
    metric->set_value(number);
  }
}

}  // namespace ume
