#include "actors/coordinator_process.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "actors/role_client.h"
#include "actors/run/model_shape.h"
#include "actors/run/run_ledger.h"
#include "actors/run/stage_hook.h"
#include "common/clock/clock.h"
#include "common/config/nearest.h"
#include "common/http/http_server.h"
#include "common/log/log.h"
#include "common/wire/codec.h"
#include "common/wire/zmq_transport.h"
#include "coordinator/plan/stored_plan.h"
#include "coordinator/progress/run_journal.h"
#include "coordinator/progress/status.h"
#include "coordinator/progress/trajectory_export.h"
#include "dashboard/dashboard.h"
#include "data/records/pair_list.h"

namespace ume {
namespace {

constexpr double kServeSeconds = 0.05;
constexpr double kTickSeconds = 0.1;
constexpr double kSnapshotSeconds = 0.25;

double wall_seconds() {
  timeval now{};
  gettimeofday(&now, nullptr);
  return static_cast<double>(now.tv_sec) + now.tv_usec * 1e-6;
}

// Which requests are worth a named stage for fault injection.
const char* stage_of(const Request& request) {
  if (std::holds_alternative<GroupResultRequest>(request)) return "result";
  if (std::holds_alternative<RewardResultRequest>(request)) return "reward";
  if (std::holds_alternative<WorkDoneRequest>(request)) return "work_done";
  return "other";
}

// A cohort that fits no message, even with short completions, would be found
// after the first rollouts only.
void check_cohort_size(const GrpoConfig& grpo, int64_t dim) {
  constexpr int64_t kFloatBytes = 4;
  constexpr int64_t kShortCompletion = 512;  // bytes
  constexpr auto kMost = static_cast<int64_t>(kMaxMessageBytes);
  const int64_t side_of_pair = (grpo.group_size + 1) * dim * kFloatBytes +
                               grpo.group_size * kShortCompletion;
  const int64_t most_pairs = kMost / (2 * side_of_pair);
  if (grpo.pairs_per_cohort <= most_pairs) return;
  throw ConfigError("grpo.pairs_per_cohort: a cohort has to fit a message of " +
                    std::to_string(kMost >> 20) + " MiB; at dimension " +
                    std::to_string(dim) + " and grpo.group_size " +
                    std::to_string(grpo.group_size) + " expected at most " +
                    std::to_string(most_pairs) + ", found " +
                    std::to_string(grpo.pairs_per_cohort));
}

// Without the hooks, which are the journal's.
Coordinator::Parts make_parts(const RunConfig& config,
                              const RunDirectory& directory) {
  const ModelShape shape = read_model_shape(config.model.path);
  Coordinator::Parts parts;
  parts.plan =
      make_run_plan(config, directory, shape.hidden_size, shape.vocab_size);
  parts.data = load_phase_data(config, parts.plan.phases);
  parts.config = config.coordinator;
  for (const std::string& warning :
       unknown_sources(config.reward, parts.data)) {
    log_warning(warning);
  }
  parts.exporter = file_exporter(directory.root.string());
  return parts;
}

// Tells the other roles, and people, where the coordinator is.
void announce(const RunDirectory& directory,
              const ZmqServer& server,
              const HttpServer& web) {
  const std::string url = "http://127.0.0.1:" + std::to_string(web.port());
  write_endpoints(directory,
                  {directory.run_id(), server.endpoint(), url, getpid()});
  log_info(server.endpoint() + ", web page " + url);
}

}  // namespace

std::vector<PhasePlan> plan_phases(const RunConfig& config, int64_t model_dim) {
  std::vector<PhasePlan> phases;
  const auto every = static_cast<uint64_t>(config.checkpoint.every_steps);
  if (config.has_phase("sft")) {
    PhasePlan phase;
    phase.name = "sft";
    phase.num_steps = static_cast<uint64_t>(config.sft.steps);
    phase.checkpoint_every = every > 0 ? every : phase.num_steps;
    phases.push_back(phase);
  }
  if (config.has_phase("grpo")) {
    check_cohort_size(config.grpo, model_dim);
    PhasePlan phase;
    phase.name = "grpo";
    phase.kind = PhaseKind::kGrpo;
    phase.num_steps = static_cast<uint64_t>(config.grpo.updates);
    phase.checkpoint_every = every > 0 ? every : phase.num_steps;
    phase.pairs_per_cohort = config.grpo.pairs_per_cohort;
    phase.cohorts_per_update = config.grpo.cohorts_per_update;
    phase.group_size = config.grpo.group_size;
    phase.sampling = config.rollout.sampling.params();
    phase.sampling.max_redraws = config.reward.redraw_limit();
    phases.push_back(phase);
  }
  return phases;
}

RunPlan make_run_plan(const RunConfig& config,
                      const RunDirectory& directory,
                      int64_t model_dim,
                      int64_t vocab_size) {
  RunPlan plan;
  plan.run_id = directory.run_id();
  plan.run_seed = static_cast<uint64_t>(config.run.seed);
  plan.run_dir = directory.root.string();
  plan.initial_model = std::filesystem::absolute(config.model.path).string();
  plan.export_subfolder = "model";
  plan.embedding_dim = model_dim;
  plan.vocab_size = vocab_size;
  plan.phases = plan_phases(config, model_dim);
  return plan;
}

PhaseData load_phase_data(const RunConfig& config,
                          const std::vector<PhasePlan>& phases) {
  PhaseData data;
  for (const PhasePlan& phase : phases) {
    data.push_back(phase.kind == PhaseKind::kGrpo
                       ? read_pair_list(config.grpo.data)
                       : std::vector<PairRecord>{});
  }
  return data;
}

std::vector<std::string> unknown_sources(const RewardConfig& reward,
                                         const PhaseData& data) {
  std::set<std::string> names;
  for (const auto& pairs : data) {
    for (const PairRecord& pair : pairs) names.insert(pair.source);
  }
  std::vector<std::string> warnings;
  for (const SourceRewardConfig& source : reward.sources) {
    if (names.contains(source.source)) continue;
    const std::string nearest =
        nearest_word(source.source, {names.begin(), names.end()});
    warnings.push_back(
        "reward.sources: no pair of the data is of the source '" +
        source.source + "'; its weights have no effect" +
        (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }
  return warnings;
}

void run_coordinator_role(const RunDirectory& directory,
                          const std::atomic<bool>& stop) {
  start_logging("coordinator");
  const RunConfig config = load_run_config(directory);
  Coordinator::Parts parts = make_parts(config, directory);
  const SystemClock clock;
  const std::unique_ptr<SqliteLedger> owned = open_run_ledger(directory);
  SqliteLedger& ledger = *owned;
  RunJournal journal({directory.events().string(), directory.metrics().string(),
                      directory.tensorboard().string()},
                     wall_seconds);
  require_same_plan(parts.plan, parts.data, ledger);
  journal.catch_up(ledger, parts.plan);
  parts.hooks = journal.hooks();
  Coordinator core(std::move(parts), ledger, clock);

  StatusBoard board;
  board.set(to_json(core.status()));
  const HttpServer web(static_cast<uint16_t>(config.coordinator.http_port),
                       dashboard_routes(board));
  const auto server =
      make_zmq_server({directory.run_id(), "coordinator", 0}, {});
  announce(directory, *server, web);
  StageHook hook = make_stage_hook(config, directory, "coordinator");
  const RequestHandler handler = [&](const Request& request) {
    Reply reply = core.handle(request);
    hook.reached(stage_of(request));
    return reply;
  };
  double next_tick = 0.0;
  double next_snapshot = 0.0;
  while (!stop) {
    server->serve_one(handler, kServeSeconds);
    const double now = clock.now_seconds();
    if (now >= next_tick) {
      core.tick();
      next_tick = now + kTickSeconds;
    }
    if (now >= next_snapshot) {
      board.set(to_json(core.status()));
      next_snapshot = now + kSnapshotSeconds;
    }
  }
}

}  // namespace ume
