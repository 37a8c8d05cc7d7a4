#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/run/run_config.h"
#include "actors/run/stage_hook.h"
#include "common/clock/clock.h"
#include "common/collective/collective.h"
#include "common/weights/weight_channel.h"
#include "common/wire/transport.h"
#include "data/records/annotated_pairs.h"
#include "eval/text_codec.h"
#include "learner/grpo/grpo.h"
#include "learner/sft/sft.h"
#include "learner/sft/sft_plan.h"
#include "learner/trained_model.h"

namespace ume {

// What a learner rank stands on; all borrowed.
struct LearnerWorkerParts {
  RequestClient& client;
  Collective& collective;
  Collective& patient;  // the same ranks, for waits of a checkpoint's length
  WeightChannel& weights;
  const Clock& clock;  // for how often progress is told
  StageHook& hook;
};

// Consumes work items (steps, batch slices), produces metrics, published
// weights and checkpoints.
// Waits for: the next item, in ZeroMQ, never in MPI. Unblocked by: scored
// cohorts. Ends by StopRun.
class LearnerWorker {
 public:
  LearnerWorker(const RunConfig& config, LearnerWorkerParts parts);

  // Registers this rank; ranks of one start share start_id.
  void register_rank(const std::string& start_id);
  // One work item: ask, do, report. Throws StopRun when the run is over.
  void step();

 private:
  WorkDoneRequest run_item(const BeginPhaseItem& item);
  WorkDoneRequest run_item(const SftStepsItem& item);
  WorkDoneRequest run_item(const GrpoUpdateItem& item);
  WorkDoneRequest run_item(const SaveCheckpointItem& item);

  void begin_model(const BeginPhaseItem& item);
  void load_resumed(const BeginPhaseItem& item);
  SftDealing sft_dealing() const;
  std::vector<SftPair> load_batch(int64_t batch);
  std::vector<PreparedPrompt> prepare_groups(const BatchSlice& slice);
  WeightManifest publish(uint64_t update);

  RunConfig config_;
  LearnerWorkerParts parts_;
  uint32_t incarnation_ = 0;
  uint64_t sequence_ = 0;
  // Of the phase at hand:
  BeginPhaseItem phase_;
  std::optional<uint64_t> checkpoint_step_;  // of the newest checkpoint
  std::unique_ptr<TrainedModel> model_;
  std::unique_ptr<Qwen2VL> reference_;
  std::unique_ptr<SftTrainer> sft_;
  std::unique_ptr<GrpoTrainer> grpo_;
  std::unique_ptr<AnnotatedPairFile> sft_data_;
  std::unique_ptr<TextCodec> text_;
};

}  // namespace ume
