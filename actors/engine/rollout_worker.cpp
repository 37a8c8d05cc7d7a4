#include "actors/engine/rollout_worker.h"

#include <chrono>
#include <utility>

#include "actors/lease_keeper.h"
#include "actors/role_loop.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"

namespace ume {
namespace {

std::vector<SampleKey> sample_keys(const LeaseReply& lease) {
  std::vector<SampleKey> keys;
  for (int32_t sample = 0; sample < lease.group_size; ++sample) {
    keys.push_back({lease.run_seed, lease.group.dispatch_index,
                    static_cast<uint32_t>(lease.group.side),
                    static_cast<uint32_t>(sample)});
  }
  return keys;
}

}  // namespace

RolloutWorker::RolloutWorker(int32_t index,
                             ModelConfig config,
                             RolloutWorkerParts parts)
    : index_(index), parts_(parts), policy_(std::move(config), parts.weights) {}

GroupResult RolloutWorker::sample_group(const LeaseReply& lease) {
  const auto begin = std::chrono::steady_clock::now();
  const PreparedPrompt prompt = parts_.text.prepare(lease.prompt);
  const Qwen2VL& model = policy_.at(lease.weights);
  const Sampler sampler(model, parts_.text.sampler_tokens());
  const SampleJob job{&prompt, sample_keys(lease)};
  SampledGroup sampled =
      std::move(sampler.sample({&job, 1}, lease.sampling).front());

  GroupResult result;
  result.group = lease.group;
  result.fencing = lease.fencing;
  result.version = lease.weights.version;
  result.weight_hash = lease.weights.hash;
  result.prompt_digest = prompt.digest;
  result.prompt_tokens = static_cast<int64_t>(prompt.ids.size());
  result.sampling = lease.sampling;
  result.disc_embedding = std::move(sampled.disc_embedding);
  for (size_t s = 0; s < sampled.completions.size(); ++s) {
    SampledCompletion& from = sampled.completions[s];
    Trajectory to;
    to.sample = static_cast<int32_t>(s);
    to.completion = parts_.text.decode(from.ids);
    to.ids = std::move(from.ids);
    to.logprobs = std::move(from.logprobs);
    to.gen_embedding = std::move(from.gen_embedding);
    to.embedding_source = from.embedding_source;
    to.finish = from.finish;
    to.redraws = from.redraws;
    result.trajectories.push_back(std::move(to));
  }
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return result;
}

void RolloutWorker::step() {
  const Reply reply = ask(parts_.client, LeaseRequest{index_});
  const auto* lease = std::get_if<LeaseReply>(&reply);
  if (lease == nullptr) {  // refused: ask anew, not in a hot loop
    nap(kRefusedPauseSeconds);
    return;
  }
  parts_.hook.reached("leased");
  GroupResultRequest answer{index_, {}};
  try {
    const LeaseKeeper keeper(parts_.renewal_client,
                             {index_, lease->group, lease->fencing},
                             lease->lease_seconds);
    answer.result = sample_group(*lease);
  } catch (const Unavailable&) {
    return;  // that version is gone: a newer lease names a newer one
  }
  parts_.hook.reached("sampled");
  ask(parts_.client, answer);
  parts_.hook.reached("answered");
}

}  // namespace ume
