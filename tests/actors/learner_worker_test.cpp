#include "actors/engine/learner_worker.h"

#include <catch2/catch.hpp>
#include <optional>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

// Gives one item, a phase that goes on from a checkpoint that is not there, and
// answers its report with `answer`.
class OneItemCoordinator : public RequestClient {
 public:
  explicit OneItemCoordinator(Reply answer) : answer_(std::move(answer)) {}

  Reply call(const Request& request, double) override {
    if (std::holds_alternative<RegisterRequest>(request)) {
      return RegisterReply{3};
    }
    if (const auto* done = std::get_if<WorkDoneRequest>(&request)) {
      report = *done;
      return answer_;
    }
    BeginPhaseItem item;
    item.phase = "sft";
    item.resume = scratch_ / "step_000004";  // not there, its place is
    item.first_step = 4;
    return WorkReply{0, item};
  }

  std::optional<WorkDoneRequest> report;

 private:
  const ScratchFolder scratch_;
  Reply answer_;
};

void do_item(OneItemCoordinator& coordinator) {
  const auto one = make_single_collective();
  const auto weights = make_memory_weight_channel();
  StageHook hook;
  LearnerWorker worker(RunConfig(), {coordinator, *one, *one, *weights, hook});
  worker.register_rank("start-1");
  worker.step();
}

}  // namespace

TEST_CASE("learner worker: a damaged checkpoint is reported, not fatal") {
  OneItemCoordinator coordinator(AckReply{});
  do_item(coordinator);
  REQUIRE(coordinator.report);
  CHECK(coordinator.report->incarnation == 3);
  CHECK_THAT(coordinator.report->damage,
             Catch::Contains("/step_000004/manifest.json"));
}

TEST_CASE(
    "learner worker: a refused report ends the learner, with the reason") {
  OneItemCoordinator coordinator(RefusedReply{"weights: hash missing"});
  CHECK_THROWS_WITH(do_item(coordinator),
                    Catch::Contains("weights: hash missing"));
}

}  // namespace ume
