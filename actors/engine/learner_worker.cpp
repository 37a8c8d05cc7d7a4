#include "actors/engine/learner_worker.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "actors/progress_report.h"
#include "actors/role_client.h"
#include "actors/role_loop.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"
#include "common/log/log.h"
#include "learner/checkpoint/checkpoint.h"
#include "learner/checkpoint/weight_list.h"

namespace ume {
namespace {

// The model that a later phase starts from, and keeps as its reference, is the
// export of the phase before: CHECKPOINT/model.
void check_export(const std::string& model) {
  const std::string checkpoint =
      std::filesystem::path(model).parent_path().string();
  try {
    verify_export(checkpoint);
  } catch (const ConfigError&) {  // whole, but of another version
    throw;
  } catch (const Error& error) {
    throw Error(error.code(),
                std::string(error.what()) +
                    ". This phase starts from it: put the folder back from a "
                    "copy and go on with --resume, or start another run");
  }
}

SaveCheckpointOptions save_options(const RunConfig& config,
                                   const std::string& phase_model,
                                   bool end_of_phase) {
  SaveCheckpointOptions options;
  options.export_model = end_of_phase;
  options.export_dtype = config.checkpoint.export_dtype == "float32"
                             ? torch::kFloat32
                             : torch::kBFloat16;
  options.companions = phase_model;
  options.keep = config.checkpoint.keep;
  return options;
}

}  // namespace

LearnerWorker::LearnerWorker(const RunConfig& config, LearnerWorkerParts parts)
    : config_(config), parts_(parts) {}

void LearnerWorker::register_rank(const std::string& start_id) {
  RegisterRequest request;
  request.role = Role::kLearner;
  request.index = parts_.collective.rank();
  request.world_size = parts_.collective.world_size();
  request.start_id = start_id;
  request.pid = getpid();
  incarnation_ = register_role(parts_.client, request);
  sequence_ = 0;
}

void LearnerWorker::step() {
  const Reply reply =
      ask(parts_.client,
          WorkRequest{incarnation_, parts_.collective.rank(), sequence_});
  if (const auto* refused = std::get_if<RefusedReply>(&reply)) {
    throw StopRun{refused->reason};
  }
  const auto* work = std::get_if<WorkReply>(&reply);
  if (work == nullptr) {
    throw InvalidInput(
        "the coordinator answered a request for work with reply "
        "kind " +
        std::to_string(reply.index()));
  }
  WorkDoneRequest done = std::visit(
      [this](const auto& item) { return run_item(item); }, work->item);
  done.incarnation = incarnation_;
  done.rank = parts_.collective.rank();
  done.sequence = sequence_;
  const Reply answer = ask(parts_.client, done);
  if (const auto* refused = std::get_if<RefusedReply>(&answer)) {
    // The log would never go on; a new start may do better.
    throw Error(ExitCode::kFailure,
                "the coordinator refused the report of item " +
                    std::to_string(sequence_) + ": " + refused->reason);
  }
  ++sequence_;
}

void LearnerWorker::begin_model(const BeginPhaseItem& item) {
  sft_.reset();
  grpo_.reset();
  reference_.reset();
  model_.reset();
  const bool is_sft = item.phase == "sft";
  const ModelConfig model_config = load_model_config(item.model);
  text_ = std::make_unique<TextCodec>(
      preparer_options(config_, is_sft ? config_.sft.data : config_.grpo.data),
      model_config);
  FreezeOptions freeze;
  freeze.vision =
      is_sft ? config_.sft.freeze_vision : config_.grpo.freeze_vision;
  freeze.merger =
      is_sft ? config_.sft.freeze_merger : config_.grpo.freeze_vision;
  model_ = std::make_unique<TrainedModel>(
      model_config, load_weights(item.model, model_config), freeze,
      is_sft ? config_.sft.optimizer : config_.grpo.optimizer);
  if (!item.resume.empty()) load_resumed(item);
  if (is_sft) {
    sft_data_ = std::make_unique<AnnotatedPairFile>(config_.sft.data);
    check_dealing(sft_dealing(), config_.sft.data);
    const EmbeddingTokens tokens{text_->sampler_tokens().gen_emb,
                                 text_->sampler_tokens().disc_emb};
    sft_ = std::make_unique<SftTrainer>(*model_, config_.sft, tokens,
                                        parts_.collective);
    return;
  }
  if (config_.grpo.beta > 0.0) {
    reference_ = std::make_unique<Qwen2VL>(
        model_config, load_weights(item.model, model_config));
  }
  grpo_ = std::make_unique<GrpoTrainer>(*model_, reference_.get(), config_.grpo,
                                        parts_.collective);
}

void LearnerWorker::load_resumed(const BeginPhaseItem& item) {
  const TrainingProgress progress = load_checkpoint(item.resume, *model_);
  if (progress.phase != item.phase || progress.step != item.first_step) {
    throw InvalidInput(item.resume + ": expected phase " + item.phase +
                       " at step " + std::to_string(item.first_step) +
                       ", found " + progress.phase + " at step " +
                       std::to_string(progress.step));
  }
}

WorkDoneRequest LearnerWorker::run_item(const BeginPhaseItem& item) {
  phase_ = item;
  if (!item.resume.empty()) {
    if (const auto damage = find_damage(item.resume, parts_.patient)) {
      WorkDoneRequest done;
      if (parts_.collective.rank() == 0) {
        log_warning(item.resume + " is damaged: " + *damage);
        done.damage = damage->substr(0, kMaxDamageBytes);
      }
      return done;
    }
  }
  if (item.base_update > 0) check_export(item.model);
  begin_model(item);
  checkpoint_step_.reset();
  if (!item.resume.empty()) checkpoint_step_ = item.first_step;
  parts_.hook.reached("phase_begun");
  WorkDoneRequest done;
  if (grpo_) done.weights = publish(item.base_update + item.first_step);
  return done;
}

SftDealing LearnerWorker::sft_dealing() const {
  return {config_.sft.order, config_.sft.batch_pairs,
          static_cast<int64_t>(sft_data_->size()),
          static_cast<uint64_t>(config_.run.seed)};
}

std::vector<SftPair> LearnerWorker::load_batch(int64_t batch) {
  const std::vector<int64_t> positions = batch_positions(sft_dealing(), batch);
  const PairRange share =
      rank_share(config_.sft.batch_pairs, parts_.collective.rank(),
                 parts_.collective.world_size());
  std::vector<SftPair> pairs;
  for (int64_t i = share.begin; i < share.end; ++i) {
    const AnnotatedPair pair = sft_data_->at(static_cast<size_t>(positions[i]));
    SftPair prepared{text_->prepare_example(pair.query),
                     text_->prepare_example(pair.target)};
    const std::string where =
        config_.sft.data + ": record " + std::to_string(positions[i]);
    cut_example(prepared.query, config_.sft.max_length, where);
    cut_example(prepared.target, config_.sft.max_length, where);
    pairs.push_back(std::move(prepared));
  }
  return pairs;
}

WorkDoneRequest LearnerWorker::run_item(const SftStepsItem& item) {
  const bool reports = parts_.collective.rank() == 0;
  const uint64_t end = item.first_step + item.num_steps;
  WorkDoneRequest done;
  ProgressReport progress(parts_.client, parts_.clock);
  for (uint64_t step = item.first_step; step < end; ++step) {
    std::vector<std::vector<SftPair>> batches;
    for (int64_t a = 0; a < config_.sft.accumulation; ++a) {
      batches.push_back(load_batch(
          static_cast<int64_t>(step) * config_.sft.accumulation + a));
    }
    done.step_metrics.push_back(
        sft_->step(batches, static_cast<int64_t>(step)));
    parts_.hook.reached("sft_step");
    // The last step is told by the report itself.
    if (reports && step + 1 < end) {
      progress.tell({incarnation_, 0, step + 1, done.step_metrics.back()});
    }
  }
  if (!reports) done.step_metrics.clear();
  return done;
}

std::vector<PreparedPrompt> LearnerWorker::prepare_groups(
    const BatchSlice& slice) {
  std::vector<PreparedPrompt> prompts;
  for (const TrainGroup& group : slice.groups) {
    prompts.push_back(text_->prepare(group.prompt));
    if (prompts.back().digest != group.prompt_digest) {
      throw InvalidInput("the " + group_text(group.group) +
                         " is another prompt here than where it was sampled: "
                         "digest " +
                         prompts.back().digest + ", expected " +
                         group.prompt_digest +
                         ". Have media or the tokenizer changed?");
    }
  }
  return prompts;
}

WorkDoneRequest LearnerWorker::run_item(const GrpoUpdateItem& item) {
  const uint64_t plan = Xxh3Hasher().update_field(item.slice.plan_hash).low64();
  if (!parts_.collective.all_equal(plan)) {
    throw InvalidInput("the ranks were given different plans for update " +
                       std::to_string(item.slice.update));
  }
  const std::vector<PreparedPrompt> prompts = prepare_groups(item.slice);
  parts_.hook.reached("update_begun");
  WorkDoneRequest done;
  std::vector<StepMetrics> metrics =
      grpo_->update(item.slice, prompts, static_cast<int64_t>(item.step));
  parts_.hook.reached("update_done");
  // One row a step: with several iterations the last one's.
  if (parts_.collective.rank() == 0) {
    done.step_metrics.push_back(std::move(metrics.back()));
  }
  done.weights = publish(phase_.base_update + item.step + 1);
  parts_.hook.reached("published");
  return done;
}

WorkDoneRequest LearnerWorker::run_item(const SaveCheckpointItem& item) {
  const int64_t pairs_per_step =
      sft_ ? config_.sft.batch_pairs * config_.sft.accumulation
           : config_.grpo.pairs_per_cohort * config_.grpo.cohorts_per_update;
  TrainingProgress progress;
  progress.phase = item.phase;
  progress.step = item.step;
  progress.run_update = phase_.base_update + item.step;
  progress.data_position = item.step * static_cast<uint64_t>(pairs_per_step);
  SaveCheckpointOptions options =
      save_options(config_, phase_.model, item.end_of_phase);
  options.previous_step = checkpoint_step_;
  const CheckpointManifest manifest =
      save_checkpoint(item.folder, *model_, progress, options, parts_.patient);
  checkpoint_step_ = item.step;
  parts_.hook.reached("checkpoint_written");
  WorkDoneRequest done;
  if (parts_.collective.rank() == 0) {
    done.checkpoint_hash = xxh3_hex(manifest_json(manifest));
  }
  return done;
}

WeightManifest LearnerWorker::publish(uint64_t update) {
  if (parts_.collective.rank() != 0) return {};
  return parts_.weights.publish({update, incarnation_},
                                weight_list(model_->parameters().tensors()));
}

}  // namespace ume
