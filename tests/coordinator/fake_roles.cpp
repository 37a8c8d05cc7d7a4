#include "tests/coordinator/fake_roles.h"

#include <algorithm>
#include <cmath>

#include "common/hash/xxh3.h"

namespace ume::test {
namespace {

uint64_t hash_of(const std::string& text) {
  return Xxh3Hasher().update(text).low64();
}

std::vector<float> unit_vector(uint64_t seed) {
  std::vector<float> values(kFakeDim);
  double square = 0.0;
  for (int64_t i = 0; i < kFakeDim; ++i) {
    const double v = static_cast<double>((seed >> (8 * i)) & 0xff) - 100.5;
    values[static_cast<size_t>(i)] = static_cast<float>(v);
    square += v * v;
  }
  for (float& v : values) v /= static_cast<float>(std::sqrt(square));
  return values;
}

PairRecord pair_at(uint64_t position) {
  PairRecord pair;
  pair.position = position;
  pair.source = "set " + std::to_string(position % 3);
  pair.query.text = "query " + std::to_string(position);
  pair.target.text = "target " + std::to_string(position);
  return pair;
}

Trajectory fake_trajectory(const LeaseReply& lease, int32_t sample) {
  const std::string key =
      lease.weights.hash + "/" + std::to_string(lease.run_seed) + "/" +
      std::to_string(lease.group.dispatch_index) + "/" +
      std::string(side_name(lease.group.side)) + "/" + std::to_string(sample);
  const uint64_t seed = hash_of(key);
  Trajectory t;
  t.sample = sample;
  const size_t length = 1 + seed % 5;
  for (size_t i = 0; i < length; ++i) {
    t.ids.push_back(static_cast<int64_t>((seed >> i) % 50));
    t.logprobs.push_back(-static_cast<float>((seed >> i) % 7));
  }
  t.completion = "answer " + std::to_string(seed % 1000);
  if (seed % 11 != 0) {
    t.gen_embedding = unit_vector(seed);
    t.embedding_source = EmbeddingSource::kCompletion;
  }
  return t;
}

RewardCell fake_cell(const std::string& completion) {
  const uint64_t seed = hash_of(completion);
  RewardCell cell;
  if (seed % 7 == 0) {
    cell.state = CellState::kInvalid;
    cell.reason = "unlucky";
  } else {
    cell.value = static_cast<double>(seed % 1000) / 1000.0;
  }
  return cell;
}

}  // namespace

Job small_job() {
  Job job;
  job.plan.run_id = "small";
  job.plan.run_seed = 7;
  job.plan.run_dir = "runs/small";
  job.plan.initial_model = "base";
  job.plan.embedding_dim = kFakeDim;
  job.plan.vocab_size = 50;
  PhasePlan sft;
  sft.name = "sft";
  sft.num_steps = 25;
  sft.checkpoint_every = 10;
  PhasePlan grpo;
  grpo.name = "grpo";
  grpo.kind = PhaseKind::kGrpo;
  grpo.num_steps = 6;
  grpo.checkpoint_every = 2;
  grpo.pairs_per_cohort = 2;
  grpo.cohorts_per_update = 2;
  grpo.group_size = 3;
  grpo.sampling.max_new_tokens = 8;
  job.plan.phases = {sft, grpo};
  job.data.resize(2);
  for (uint64_t i = 0; i < 10; ++i) job.data[1].push_back(pair_at(i));
  return job;
}

GroupResult fake_result(const LeaseReply& lease) {
  GroupResult result;
  result.group = lease.group;
  result.fencing = lease.fencing;
  result.version = lease.weights.version;
  result.weight_hash = lease.weights.hash;
  result.prompt_digest = "prompt " + std::to_string(hash_of(lease.prompt.text));
  result.prompt_tokens = 5;
  result.sampling = lease.sampling;
  for (int32_t g = 0; g < lease.group_size; ++g) {
    result.trajectories.push_back(fake_trajectory(lease, g));
  }
  result.disc_embedding = unit_vector(hash_of(lease.prompt.text));
  return result;
}

RewardTable fake_rewards(const CohortReply& offer) {
  RewardTable table;
  table.policy_hash = kPolicyHash;
  table.input_digest = offer.input_digest;
  table.total.name = "total";
  RewardColumn format{"format", {}, {}};
  for (const std::string& text : offer.cohort.query.completions) {
    table.total.query.push_back(fake_cell(text));
    format.query.push_back({CellState::kValue, 1.0, ""});
  }
  for (const std::string& text : offer.cohort.target.completions) {
    table.total.target.push_back(fake_cell(text));
    format.target.push_back({CellState::kValue, 1.0, ""});
  }
  table.components.push_back(std::move(format));
  return table;
}

void FakeLearner::begin(const BeginPhaseItem& item) {
  damage.clear();
  if (!item.resume.empty() && disk->count(item.resume) == 0) {
    damage = item.resume + " has lost a file";
  } else if (!item.resume.empty()) {
    std::tie(hash, update) = disk->at(item.resume);
  } else if (disk->count(item.model) > 0) {
    std::tie(hash, update) = disk->at(item.model);
  } else {
    hash = xxh3_hex(item.model);
    update = 0;
  }
}

void FakeLearner::sft(const SftStepsItem& item) {
  for (uint64_t i = 0; i < item.num_steps; ++i) {
    hash = xxh3_hex(hash + salt + "sft" + std::to_string(item.first_step + i));
    ++update;
  }
}

void FakeLearner::grpo(const std::vector<GrpoUpdateItem>& slices) {
  std::vector<std::string> groups;
  for (const GrpoUpdateItem& item : slices) {
    for (const TrainGroup& group : item.slice.groups) {
      std::string text = std::to_string(group.group.dispatch_index) + " " +
                         std::string(side_name(group.group.side)) + " ";
      for (const auto& ids : group.completion_ids) {
        for (const int64_t id : ids) text += std::to_string(id) + ",";
      }
      for (const double r : group.rewards) text += std::to_string(r) + ";";
      groups.push_back(std::move(text));
    }
  }
  std::sort(groups.begin(), groups.end());
  for (const std::string& group : groups) hash = xxh3_hex(hash + group);
  hash = xxh3_hex(hash + salt);
  ++update;
}

void FakeLearner::save(const SaveCheckpointItem& item) {
  (*disk)[item.folder] = {hash, update};
  if (item.end_of_phase) (*disk)[item.folder + "/model"] = {hash, update};
}

WeightManifest FakeLearner::manifest(uint32_t incarnation) const {
  WeightManifest weights;
  weights.version = {update, incarnation};
  weights.channel = "memory";
  weights.hash = hash;
  return weights;
}

WorkDoneRequest fake_report(const FakeLearner& learner,
                            const WorkReply& work,
                            uint32_t incarnation,
                            int32_t rank) {
  WorkDoneRequest done;
  done.incarnation = incarnation;
  done.rank = rank;
  done.sequence = work.sequence;
  if (rank != 0) return done;
  if (!learner.damage.empty()) {
    done.damage = learner.damage;
    return done;
  }
  if (const auto* sft = std::get_if<SftStepsItem>(&work.item)) {
    for (uint64_t i = 0; i < sft->num_steps; ++i) {
      done.step_metrics.push_back(
          {{"loss", 1.0 / static_cast<double>(sft->first_step + i + 1)}});
    }
  } else if (std::holds_alternative<SaveCheckpointItem>(work.item)) {
    done.checkpoint_hash = learner.hash;
  } else {
    done.weights = learner.manifest(incarnation);
    if (std::holds_alternative<GrpoUpdateItem>(work.item)) {
      done.step_metrics.push_back({{"loss", 0.5}});
    }
  }
  return done;
}

}  // namespace ume::test
