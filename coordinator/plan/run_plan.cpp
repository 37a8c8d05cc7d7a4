#include "coordinator/plan/run_plan.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

void need(bool holds, const std::string& text) {
  if (!holds) throw ConfigError(text);
}

void validate_phase(const PhasePlan& phase, size_t data_size) {
  const std::string where = "phase " + phase.name + ": ";
  need(phase.num_steps >= 1, where + "num_steps: expected 1 or more");
  need(phase.checkpoint_every >= 1,
       where + "checkpoint_every: expected 1 or more");
  if (phase.kind == PhaseKind::kSft) return;
  need(phase.pairs_per_cohort >= 2,
       where +
           "pairs_per_cohort: expected 2 or more, because the other pairs "
           "are the negatives; found " +
           std::to_string(phase.pairs_per_cohort));
  need(phase.cohorts_per_update >= 1,
       where + "cohorts_per_update: expected 1 or more");
  need(phase.group_size >= 2,
       where +
           "group_size: expected 2 or more, because advantages are relative "
           "to the group; found " +
           std::to_string(phase.group_size));
  need(phase.sampling.max_new_tokens >= 1,
       where + "sampling.max_new_tokens: expected 1 or more");
  const auto pairs = static_cast<uint64_t>(pairs_per_update(phase));
  need(pairs <= data_size,
       where + "an update takes " + std::to_string(pairs) +
           " pairs (pairs_per_cohort * cohorts_per_update), but the data has " +
           std::to_string(data_size));
}

bool is_folder_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_';
         });
}

// The order and text of the pairs; positions only name them.
std::string data_digest(const std::vector<PairRecord>& pairs) {
  Xxh3Hasher hasher;
  const auto add_media = [&](const std::vector<MediaRef>& media) {
    hasher.update_u64(media.size());
    for (const MediaRef& item : media) {
      hasher.update_field(item.root).update_field(item.path);
      hasher.update_field(item.content_hash);
    }
  };
  const auto add_side = [&](const PromptRecord& side) {
    hasher.update_field(side.text);
    add_media(side.images);
    add_media(side.frames);
  };
  for (const PairRecord& pair : pairs) {
    add_side(pair.query);
    add_side(pair.target);
  }
  return hasher.hex();
}

}  // namespace

int64_t pairs_per_update(const PhasePlan& phase) {
  return phase.pairs_per_cohort * phase.cohorts_per_update;
}

uint64_t base_update(const RunPlan& plan, size_t index) {
  uint64_t updates = 0;
  for (size_t i = 0; i < index; ++i) updates += plan.phases[i].num_steps;
  return updates;
}

uint64_t base_cohort(const RunPlan& plan, size_t index) {
  uint64_t cohorts = 0;
  for (size_t i = 0; i < index; ++i) {
    const PhasePlan& phase = plan.phases[i];
    if (phase.kind == PhaseKind::kSft) continue;
    cohorts +=
        phase.num_steps * static_cast<uint64_t>(phase.cohorts_per_update);
  }
  return cohorts;
}

std::vector<uint64_t> dispatch_indices(const PhasePlan& phase,
                                       uint64_t data_size,
                                       uint64_t step) {
  const auto pairs = static_cast<uint64_t>(pairs_per_update(phase));
  const uint64_t steps_per_epoch = data_size / pairs;
  const uint64_t epoch = step / steps_per_epoch;
  const uint64_t first = (step % steps_per_epoch) * pairs;
  std::vector<uint64_t> indices(pairs);
  for (uint64_t i = 0; i < pairs; ++i) {
    indices[i] = epoch * data_size + first + i;
  }
  return indices;
}

std::string checkpoint_folder(const PhasePlan& phase, uint64_t step) {
  return "checkpoints/" + phase.name + "/" + step_name(step);
}

void validate_plan(const RunPlan& plan, const PhaseData& data) {
  need(!plan.phases.empty(), "phases: expected at least one training phase");
  need(data.size() == plan.phases.size(),
       "phases: data of " + std::to_string(data.size()) + " phases for " +
           std::to_string(plan.phases.size()));
  std::set<std::string> names;
  for (size_t i = 0; i < plan.phases.size(); ++i) {
    const PhasePlan& phase = plan.phases[i];
    need(is_folder_name(phase.name),
         "phases: '" + phase.name +
             "' names a folder; use letters, digits, '-' and '_'");
    need(names.insert(phase.name).second,
         "phases: " + phase.name + " is there twice");
    validate_phase(phase, data[i].size());
  }
}

std::string plan_fingerprint(const RunPlan& plan, const PhaseData& data) {
  std::string text = "run_id: " + plan.run_id +
                     "\nrun_seed: " + std::to_string(plan.run_seed) + "\n";
  for (size_t i = 0; i < plan.phases.size(); ++i) {
    const PhasePlan& phase = plan.phases[i];
    const std::string name = "phase " + std::to_string(i) + " ";
    text += name + "name: " + phase.name + "\n";
    if (i + 1 < plan.phases.size()) {  // later versions count on from it
      text += name + "num_steps: " + std::to_string(phase.num_steps) + "\n";
    }
    if (phase.kind == PhaseKind::kSft) {
      text += name + "kind: sft\n";
      continue;
    }
    const SamplingParams& s = phase.sampling;
    text += name + "kind: grpo\n" + name +
            "pairs_per_cohort: " + std::to_string(phase.pairs_per_cohort) +
            "\n" + name +
            "cohorts_per_update: " + std::to_string(phase.cohorts_per_update) +
            "\n" + name + "group_size: " + std::to_string(phase.group_size) +
            "\n" + name + "sampling: " + std::to_string(s.temperature) + " " +
            std::to_string(s.top_k) + " " + std::to_string(s.top_p) + " " +
            std::to_string(s.max_new_tokens) + " " +
            std::to_string(s.ignore_eos) +
            (s.max_redraws > 0 ? " " + std::to_string(s.max_redraws) : "") +
            "\n" + name + "pairs: " + std::to_string(data[i].size()) +
            " with digest " + data_digest(data[i]) + "\n";
  }
  return text;
}

}  // namespace ume
