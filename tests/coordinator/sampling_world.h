#pragma once

#include <string>
#include <variant>

#include "coordinator/progress/ledger_check.h"
#include "tests/coordinator/direct_world.h"

namespace ume::test {

// A world in which the groups of grpo's first update are out.
struct Sampling : DirectWorld {
  explicit Sampling(const CoordinatorConfig& with = {}) {
    config = with;
    start();
    register_learner("a");
    for (int i = 0; i < 8; ++i) next_item();  // sft, and grpo's beginning
  }
  LeaseReply lease(int32_t worker) {
    return ask<LeaseReply>(LeaseRequest{worker});
  }
  bool refused(const Request& request) {
    return std::holds_alternative<RefusedReply>(coordinator->handle(request));
  }
  StatusSnapshot status() { return coordinator->status(); }
  bool has_event(const std::string& kind) {
    for (const EventRow& event : status().events) {
      if (event.kind == kind) return true;
    }
    return false;
  }
  CohortReply first_cohort() {
    while (sample_one()) {
    }
    return ask<CohortReply>(CohortRequest{kPolicyHash});
  }
  std::vector<std::string> broken() {
    return check_invariants(*ledger, job.plan, job.data);
  }
};

}  // namespace ume::test
