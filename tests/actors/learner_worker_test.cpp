#include "actors/engine/learner_worker.h"

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "learner/checkpoint/checkpoint_manifest.h"
#include "tests/actors/loop_fixture.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

// A phase that goes on from a checkpoint that is not there; its place is.
BeginPhaseItem resumed_phase(const ScratchFolder& scratch) {
  BeginPhaseItem item;
  item.phase = "sft";
  item.resume = scratch / "step_000004";
  item.first_step = 4;
  return item;
}

// Gives one item, and answers its report with `answer`.
class OneItemCoordinator : public RequestClient {
 public:
  OneItemCoordinator(BeginPhaseItem item, Reply answer)
      : item_(std::move(item)), answer_(std::move(answer)) {}

  Reply call(const Request& request, double) override {
    if (std::holds_alternative<RegisterRequest>(request)) {
      return RegisterReply{3};
    }
    if (const auto* done = std::get_if<WorkDoneRequest>(&request)) {
      report = *done;
      return answer_;
    }
    return WorkReply{0, item_};
  }

  std::optional<WorkDoneRequest> report;

 private:
  BeginPhaseItem item_;
  Reply answer_;
};

void do_item(OneItemCoordinator& coordinator) {
  const auto one = make_single_collective();
  const auto weights = make_memory_weight_channel();
  const ManualClock clock;
  StageHook hook;
  LearnerWorker worker(RunConfig(),
                       {coordinator, *one, *one, *weights, clock, hook});
  worker.register_rank("start-1");
  worker.step();
}

// Gives an SFT phase and all its steps in one item.
class SftCoordinator : public RequestClient {
 public:
  SftCoordinator(std::string model, bool hears_progress)
      : model_(std::move(model)), hears_progress_(hears_progress) {}

  Reply call(const Request& request, double) override {
    if (std::holds_alternative<RegisterRequest>(request)) {
      return RegisterReply{3};
    }
    if (const auto* progress = std::get_if<ProgressRequest>(&request)) {
      told.push_back(*progress);
      if (!hears_progress_) throw DeadlineExceeded("no answer");
      return AckReply{};
    }
    if (const auto* done = std::get_if<WorkDoneRequest>(&request)) {
      metrics = done->step_metrics;
      return AckReply{};
    }
    const uint64_t sequence = std::get<WorkRequest>(request).sequence;
    if (sequence == 0)
      return WorkReply{0, BeginPhaseItem{"sft", model_, "", 0, 3, 0}};
    return WorkReply{1, SftStepsItem{"sft", 0, 3}};
  }

  std::vector<ProgressRequest> told;
  std::vector<std::map<std::string, double>> metrics;  // of the last item

 private:
  const std::string model_;
  const bool hears_progress_;
};

// A second passes between any two looks.
class FastClock : public Clock {
 public:
  double now_seconds() const override { return now_ += 1.0; }

 private:
  mutable double now_ = 0.0;
};

void train_sft(const RunConfig& config, SftCoordinator& coordinator) {
  const auto one = make_single_collective();
  const auto weights = make_memory_weight_channel();
  const FastClock clock;
  StageHook hook;
  LearnerWorker worker(config,
                       {coordinator, *one, *one, *weights, clock, hook});
  worker.register_rank("start-1");
  worker.step();  // begins the phase
  worker.step();
}

}  // namespace

TEST_CASE(
    "learner worker: progress inside an item is told, and training is the same "
    "when nobody hears it") {
  const LoopFixture fixture;
  const std::string model = fixture.config().model.path;
  SftCoordinator hearing(model, true);
  train_sft(fixture.config(), hearing);
  REQUIRE(hearing.metrics.size() == 3);
  REQUIRE(hearing.told.size() == 2);  // the last step is told by the report
  for (size_t i = 0; i < 2; ++i) {
    CHECK(hearing.told[i] == ProgressRequest{3, 0, i + 1, hearing.metrics[i]});
  }
  SftCoordinator deaf(model, false);
  train_sft(fixture.config(), deaf);
  CHECK(deaf.told.size() == 1);
  CHECK(deaf.metrics == hearing.metrics);
}

TEST_CASE("learner worker: a damaged checkpoint is reported, not fatal") {
  const ScratchFolder scratch;
  OneItemCoordinator coordinator(resumed_phase(scratch), AckReply{});
  do_item(coordinator);
  REQUIRE(coordinator.report);
  CHECK(coordinator.report->incarnation == 3);
  CHECK_THAT(coordinator.report->damage,
             Catch::Contains("/step_000004/manifest.json"));
}

TEST_CASE(
    "learner worker: a refused report ends the learner, with the reason") {
  const ScratchFolder scratch;
  OneItemCoordinator coordinator(resumed_phase(scratch),
                                 RefusedReply{"weights: hash missing"});
  CHECK_THROWS_WITH(do_item(coordinator),
                    Catch::Contains("weights: hash missing"));
}

TEST_CASE(
    "learner worker: where the export of the phase before is gone, the message "
    "says what to do") {
  const ScratchFolder scratch;
  BeginPhaseItem item;
  item.phase = "grpo";
  item.base_update = 4;
  SECTION("the whole checkpoint") {}
  SECTION("a file of the export") {
    CheckpointManifest manifest;
    manifest.files["model/config.json"] = {};
    scratch.write("step_000004/manifest.json", manifest_json(manifest));
  }
  item.model = scratch / "step_000004/model";
  OneItemCoordinator coordinator(item, AckReply{});
  CHECK_THROWS_WITH(
      do_item(coordinator),
      Catch::Contains("step_000004") && Catch::Contains("put the folder back"));
}

}  // namespace ume
