#pragma once

#include <memory>
#include <string>

#include "actors/engine/weight_tensors.h"
#include "actors/run/stage_hook.h"
#include "common/weights/weight_channel.h"
#include "common/wire/transport.h"
#include "eval/text_codec.h"
#include "rollout/sampler.h"

namespace ume {

// What a rollout worker stands on; all borrowed.
struct RolloutWorkerParts {
  RequestClient& client;          // the loop's own
  RequestClient& renewal_client;  // for the lease keeper's thread
  WeightChannel& weights;
  const TextCodec& text;
  StageHook& hook;
};

// Consumes leases, produces group results.
// Waits for: a lease (the coordinator says how long to pause). Unblocked by:
// published weights, expired leases of others. Ends by StopRun.
class RolloutWorker {
 public:
  RolloutWorker(int32_t index, ModelConfig config, RolloutWorkerParts parts);

  // One lease: ask, sample, answer. Throws StopRun when the run is over.
  void step();

 private:
  GroupResult sample_group(const LeaseReply& lease);

  int32_t index_;
  RolloutWorkerParts parts_;
  PolicyReplica policy_;
};

}  // namespace ume
