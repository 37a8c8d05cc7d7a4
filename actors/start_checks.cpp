#include "actors/start_checks.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "actors/coordinator_process.h"
#include "actors/run/model_shape.h"
#include "actors/run/run_ledger.h"
#include "common/config/checks.h"
#include "common/files/files.h"
#include "common/http/http_server.h"
#include "coordinator/plan/stored_plan.h"
#include "data/records/annotated_pairs.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// Not whether the weights are whole: reading them takes its time.
ModelShape check_model(const std::string& folder) {
  const ModelShape shape = read_model_shape(folder);
  const auto has = [&](const std::string& name) {
    const std::string path = folder + "/" + name;
    if (!path_exists(path)) return false;
    open_regular_file(path);  // throws where it cannot be
    return true;
  };
  if (!has("tokenizer.json")) {
    throw IoError(folder + ": has no tokenizer.json");
  }
  if (!has("model.safetensors") && !has("model.safetensors.index.json")) {
    throw IoError(folder +
                  ": has neither model.safetensors nor "
                  "model.safetensors.index.json");
  }
  return shape;
}

void check_sft_data(const RunConfig& config) {
  naming_field("sft.data", [&] {
    const AnnotatedPairFile file(config.sft.data);
    if (file.size() == 0) {
      throw InvalidInput(config.sft.data + ": holds no records");
    }
    file.at(0);
  });
}

// Of the training phases, which it returns.
std::pair<RunPlan, PhaseData> check_phases(const RunConfig& config,
                                           const ModelShape& shape) {
  RunPlan plan;
  plan.phases = plan_phases(config, shape.hidden_size);
  PhaseData data = naming_field(
      "grpo.data", [&] { return load_phase_data(config, plan.phases); });
  if (!plan.phases.empty()) validate_plan(plan, data);
  return {std::move(plan), std::move(data)};
}

void check_port(const RunConfig& config) {
  const auto port = static_cast<uint16_t>(config.coordinator.http_port);
  if (port == 0) return;
  naming_field("coordinator.http_port",
               [&] { const HttpServer free(port, {}); });
}

ModelShape named_model(const RunConfig& config) {
  return naming_field("model.path",
                      [&] { return check_model(config.model.path); });
}

}  // namespace

void check_start(const RunConfig& config) {
  const auto [plan, data] = check_phases(config, named_model(config));
  if (plan.phases.empty()) return;
  if (config.has_phase("sft")) check_sft_data(config);
  check_port(config);
}

void check_continues(const RunConfig& config, const RunDirectory& directory) {
  const ModelShape shape = named_model(config);
  const PhaseData data = check_phases(config, shape).second;
  const RunPlan plan =
      make_run_plan(config, directory, shape.hidden_size, shape.vocab_size);
  const bool trains = !plan.phases.empty();
  if (!trains && !fs::exists(directory.ledger())) return;
  const std::unique_ptr<SqliteLedger> ledger = open_run_ledger(directory);
  require_same_plan(plan, data, *ledger);
  const bool needs_sft =
      config.has_phase("sft") && !phase_progress(*ledger, 0).ended;
  if (needs_sft) check_sft_data(config);
  if (trains) check_port(config);
}

}  // namespace ume
