#pragma once

#include <cstdint>
#include <string>

#include "common/error/error.h"

namespace ume {

// How the coordinator watches the other roles. Times are in seconds of its own
// monotonic clock.
struct CoordinatorConfig {
  // TCP port of the web page, /metrics and /healthz on 127.0.0.1; 0: a free
  // one.
  int64_t http_port = 0;
  // A sampler that neither renews nor answers for so long loses its group.
  double lease_seconds = 60.0;
  // A group that is renewed but never finished goes elsewhere after so long. A
  // sampler or reward service that has not asked for anything for this and a
  // lease's time hangs, and is started again.
  double group_seconds = 600.0;
  // Leases of one group that may end without a result before it is set aside.
  int64_t max_attempts = 3;
  // What follows then: "continue" without the pair, or "fail" the run.
  std::string on_quarantine = "continue";
  // Groups in a row that one sampler may spoil before it is left out a while.
  int64_t worker_strikes = 3;
  double worker_bar_seconds = 60.0;
  // A cohort without rewards for so long is offered to the service again.
  double reward_seconds = 30.0;
  // Failed scorings of one cohort before the run stops.
  int64_t reward_attempts = 5;
  // A role not heard of for so long is shown as silent.
  double heartbeat_seconds = 10.0;
  // Steps of one work item of supervised training: how soon a stop is seen.
  int64_t sft_steps_per_item = 10;
  // How long roles pause before they ask again, when work is about to come and
  // when none is in sight.
  double pause_seconds = 0.02;
  double idle_pause_seconds = 0.25;
  // Larger results are refused.
  int64_t max_prompt_tokens = 1 << 20;
  int64_t max_completion_bytes = 1 << 20;

  void validate() const {
    const auto need = [](bool holds, const std::string& text) {
      if (!holds) throw ConfigError("coordinator." + text);
    };
    need(http_port >= 0 && http_port <= 65535,
         "http_port: expected 0 to 65535, found " + std::to_string(http_port));
    need(lease_seconds > 0, "lease_seconds: expected more than 0");
    need(group_seconds >= lease_seconds,
         "group_seconds: expected at least lease_seconds");
    need(max_attempts >= 1, "max_attempts: expected 1 or more");
    need(on_quarantine == "continue" || on_quarantine == "fail",
         "on_quarantine: expected continue or fail, found '" + on_quarantine +
             "'");
    need(worker_strikes >= 1, "worker_strikes: expected 1 or more");
    need(worker_bar_seconds >= 0, "worker_bar_seconds: expected 0 or more");
    need(reward_seconds > 0, "reward_seconds: expected more than 0");
    need(reward_attempts >= 1, "reward_attempts: expected 1 or more");
    need(heartbeat_seconds > 0, "heartbeat_seconds: expected more than 0");
    need(sft_steps_per_item >= 1, "sft_steps_per_item: expected 1 or more");
    need(pause_seconds > 0, "pause_seconds: expected more than 0");
    need(idle_pause_seconds >= pause_seconds,
         "idle_pause_seconds: expected at least pause_seconds");
    need(max_prompt_tokens >= 1, "max_prompt_tokens: expected 1 or more");
    need(max_completion_bytes >= 1, "max_completion_bytes: expected 1 or more");
  }
};

template <class V>
void visit_fields(V& v, CoordinatorConfig& c) {
  v("http_port", c.http_port,
    "port of the web page on 127.0.0.1; 0: a free one");
  v("lease_seconds", c.lease_seconds,
    "a sampler silent for so long loses its group");
  v("group_seconds", c.group_seconds,
    "a group renewed but unfinished for so long goes to another sampler; a "
    "role at its work for lease_seconds longer is started again");
  v("max_attempts", c.max_attempts,
    "leases of a group that may fail before it is set aside");
  v("on_quarantine", c.on_quarantine,
    "continue without a group that was set aside, or fail the run");
  v("worker_strikes", c.worker_strikes,
    "groups in a row that a sampler may spoil before it is left out");
  v("worker_bar_seconds", c.worker_bar_seconds, "for how long it is left out");
  v("reward_seconds", c.reward_seconds,
    "a cohort without rewards for so long is offered again");
  v("reward_attempts", c.reward_attempts,
    "failed scorings of a cohort before the run stops");
  v("heartbeat_seconds", c.heartbeat_seconds,
    "a role not heard of for so long is shown as silent");
  v("sft_steps_per_item", c.sft_steps_per_item,
    "supervised steps between two looks for a stop");
  v("pause_seconds", c.pause_seconds,
    "pause of a role before it asks again when work is about to come");
  v("idle_pause_seconds", c.idle_pause_seconds,
    "the same when no work is in sight");
  v("max_prompt_tokens", c.max_prompt_tokens, "longer prompts are refused");
  v("max_completion_bytes", c.max_completion_bytes,
    "longer completions are refused");
}

}  // namespace ume
