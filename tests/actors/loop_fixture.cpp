#include "tests/actors/loop_fixture.h"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/coordinator_process.h"
#include "actors/engine/learner_worker.h"
#include "actors/engine/rollout_worker.h"
#include "actors/rewards/reward_worker.h"
#include "actors/role_client.h"
#include "actors/role_loop.h"
#include "common/clock/clock.h"
#include "common/collective/thread_collective.h"
#include "common/wire/memory_transport.h"
#include "coordinator/progress/ledger_check.h"
#include "data/records/pair_list.h"
#include "kernels/torch.h"
#include "model/weights/weights.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kShape = "examples/emoji/base";

Json turns(const std::string& question, const std::string& answer) {
  const Json human = {{"from", "human"},
                      {"value", question + "\n<disc_emb>\n"}};
  const Json gpt = {{"from", "gpt"},
                    {"value", "<think> " + answer + " </think><answer> " +
                                  answer + "<gen_emb>"}};
  return {{"conversations", Json::array({human, gpt})}};
}

void write_data(const fs::path& folder) {
  std::ofstream sft(folder / "sft.jsonl");
  std::ofstream rl(folder / "rl.jsonl");
  for (int i = 0; i < 8; ++i) {
    const std::string number = std::to_string(i);
    const Json pair = {{"qry", turns("word " + number, "value " + number)},
                       {"pos", turns("value " + number, "value " + number)}};
    const Json record = {{"qry_text", "word " + number},
                         {"pos_text", "value " + number},
                         {"solution", "<embedding>"}};
    sft << pair.dump() << '\n';
    rl << record.dump() << '\n';
  }
}

RunConfig loop_config(const fs::path& folder) {
  RunConfig c;
  c.run.name = "loop";
  c.model.path = (folder / "start").string();
  c.data.prompt_template = "minimal";
  c.phases = {"sft", "grpo"};
  c.sft.data = (folder / "sft.jsonl").string();
  c.sft.order = "records";
  c.sft.steps = 3;
  c.sft.batch_pairs = 4;
  c.sft.optimizer.learning_rate = 1e-3;
  c.grpo.data = (folder / "rl.jsonl").string();
  c.grpo.updates = 3;
  c.grpo.group_size = 4;
  c.grpo.pairs_per_cohort = 4;
  c.grpo.max_completion_tokens = 8;
  c.grpo.freeze_vision = true;
  c.grpo.optimizer.learning_rate = 1e-3;
  c.rollout.sampling.max_new_tokens = 8;
  c.learner.ranks = 2;
  c.checkpoint.every_steps = 2;
  c.coordinator.pause_seconds = 0.002;
  c.coordinator.idle_pause_seconds = 0.01;
  c.coordinator.lease_seconds = 1.0;
  c.validate();
  return c;
}

// A role's thread: registers and works until the run is over.
void work_until_stop(RequestClient& client,
                     const RegisterRequest& request,
                     const std::function<bool()>& step) {
  try {
    register_role(client, request);
    while (step()) {
    }
  } catch (const StopRun&) {
  }
}

void run_learner(const RunConfig& config,
                 MemoryHub& hub,
                 WeightChannel& weights,
                 Collective& collective) {
  const auto client = hub.make_client(
      {"loop", "learner-" + std::to_string(collective.rank()), 0});
  const SystemClock clock;
  StageHook hook;
  LearnerWorker worker(config,
                       {*client, collective, collective, weights, clock, hook});
  try {
    worker.register_rank("start-1");
    for (;;) worker.step();
  } catch (const StopRun&) {
  }
}

// Leaves silently with a lease in hand after `leave_after` groups (0: never).
void run_sampler(const RunConfig& config,
                 MemoryHub& hub,
                 WeightChannel& weights,
                 int32_t index,
                 int leave_after) {
  const std::string name = "rollout-" + std::to_string(index);
  const auto client = hub.make_client({"loop", name, 0});
  const auto renewals = hub.make_client({"loop", name + "-renew", 0});
  const ModelConfig model_config = load_model_config(config.model.path);
  const TextCodec text(preparer_options(config, config.grpo.data),
                       model_config);
  StageHook hook;
  RolloutWorker worker(index, model_config,
                       {*client, *renewals, weights, text, hook});
  int done = 0;
  RegisterRequest request;
  request.role = Role::kRollout;
  request.index = index;
  request.start_id = name + (leave_after > 0 ? "-first" : "");
  work_until_stop(*client, request, [&] {
    if (leave_after > 0 && done++ == leave_after) {
      ask(*client, LeaseRequest{index});  // taken, never answered
      return false;
    }
    worker.step();
    return true;
  });
}

void run_reward(const RunConfig& config, MemoryHub& hub) {
  const auto client = hub.make_client({"loop", "reward-0", 0});
  PolicyKeeper policy(make_reward_pipeline(config.reward));
  StageHook hook;
  RewardWorker worker(0, {policy, *client, hook});
  RegisterRequest request;
  request.role = Role::kReward;
  request.start_id = "reward";
  work_until_stop(*client, request, [&] {
    worker.step();
    return true;
  });
}

}  // namespace

LoopFixture::LoopFixture() {
  static std::atomic<int> count{0};
  folder_ =
      fs::temp_directory_path() /
      ("ume-loop-" + std::to_string(getpid()) + "-" + std::to_string(++count));
  fs::create_directories(folder_);
  write_data(folder_);
  const ModelConfig shape = load_model_config(kShape);
  SaveModelOptions options;
  options.dtype = torch::kFloat32;
  options.companions = kShape;
  save_model((folder_ / "start").string(), shape, init_weights(shape, 3),
             options);
  config_ = loop_config(folder_);
}

LoopFixture::~LoopFixture() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

LoopOutcome run_loop(const RunConfig& config,
                     const fs::path& run_folder,
                     Ledger& ledger,
                     const LoopFaults& faults) {
  torch::set_num_threads(1);
  const RunDirectory directory = new_run_directory(run_folder);
  const auto lock = begin_run(directory, {"loop", "loop: test\n"});
  Coordinator::Parts parts;
  parts.plan = make_run_plan(config, directory, 128, 2000);
  parts.plan.run_id = "loop";
  parts.data = {{}, read_pair_list(config.grpo.data)};
  parts.config = config.coordinator;
  parts.exporter = file_exporter(directory.root.string());
  const RunPlan plan = parts.plan;
  const PhaseData data = parts.data;
  const SystemClock clock;
  Coordinator core(std::move(parts), ledger, clock);

  const auto hub = make_memory_hub();
  const auto server = hub->make_server({"loop", "coordinator", 0});
  const auto weights = make_memory_weight_channel();
  auto ranks = make_thread_collectives(static_cast<int>(config.learner.ranks));
  std::vector<std::thread> threads;
  std::atomic<size_t> ended{0};
  const auto add = [&](std::function<void()> body) {
    threads.emplace_back([&ended, body = std::move(body)] {
      body();
      ++ended;
    });
  };
  for (auto& rank : ranks) {
    add([&] { run_learner(config, *hub, *weights, *rank); });
  }
  add([&] { run_reward(config, *hub); });
  add([&] { run_sampler(config, *hub, *weights, 1, 0); });
  add([&] {
    if (faults.rollout_leaves_after > 0) {
      run_sampler(config, *hub, *weights, 0, faults.rollout_leaves_after);
    }
    run_sampler(config, *hub, *weights, 0, 0);
  });
  while (ended < threads.size()) {
    server->serve_one([&](const Request& r) { return core.handle(r); }, 0.01);
    core.tick();
  }
  for (std::thread& thread : threads) thread.join();

  LoopOutcome outcome;
  outcome.training_done = core.training_done();
  outcome.failure = core.failure().value_or("");
  outcome.ledger_digest = ledger_digest(ledger);
  outcome.broken_rules = check_invariants(ledger, plan, data);
  outcome.final_weight_hash = core.status().weight_hash;
  return outcome;
}

}  // namespace ume
