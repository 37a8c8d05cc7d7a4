#pragma once

#include <memory>

#include "common/clock/clock.h"
#include "coordinator/coordinator.h"
#include "coordinator/ledger/memory_ledger.h"
#include "tests/coordinator/fake_roles.h"

namespace ume::test {

// A coordinator and fake roles that call it directly, one after the other.
struct DirectWorld {
  explicit DirectWorld(Job the_job = small_job(), int32_t ranks = 2)
      : job(std::move(the_job)), world_size(ranks) {
    learner.disk = &disk;
    owned = std::make_unique<MemoryLedger>();
    ledger = owned.get();
    start();
  }

  // A coordinator over the ledger as it was last committed.
  void start() {
    coordinator.reset();
    ledger->rollback();
    Coordinator::Parts parts;
    parts.plan = job.plan;
    parts.data = job.data;
    parts.config = config;
    parts.hooks = hooks;
    parts.exporter = exporter;
    coordinator = std::make_unique<Coordinator>(parts, *ledger, clock);
  }

  template <class Expected>
  Expected ask(const Request& request) {
    Reply reply = coordinator->handle(request);
    if (auto* expected = std::get_if<Expected>(&reply)) return *expected;
    throw std::runtime_error("another reply, number " +
                             std::to_string(reply.index()));
  }

  void register_learner(const std::string& start_id);
  // One item by all ranks, sampling and scoring as needed; the item done.
  WorkReply next_item();
  // One group or cohort, if there is one to do.
  bool sample_one(int32_t worker = 0);
  bool score_one();
  // Until the learner is told to stop. Returns the items done.
  std::vector<WorkReply> run();

  ManualClock clock;
  Job job;
  CoordinatorConfig config;
  CoordinatorHooks hooks;
  TrajectoryExporter exporter;
  std::unique_ptr<Ledger> owned;
  Ledger* ledger = nullptr;
  std::unique_ptr<Coordinator> coordinator;
  std::map<std::string, std::pair<std::string, uint64_t>> disk;
  FakeLearner learner;
  int32_t world_size = 2;
  uint32_t incarnation = 0;
  uint64_t sequence = 0;
};

}  // namespace ume::test
