#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"

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
  // A coordinator that answers nothing for so long is killed by the supervisor
  // and started again. Longer than its longest write on a slow disk, shorter
  // than the 60 s after which the other roles give up.
  double answer_seconds = 30.0;
  // Steps of one work item of supervised training: how soon a stop is seen.
  int64_t sft_steps_per_item = 10;
  // How long roles pause before they ask again, when work is about to come and
  // when none is in sight.
  double pause_seconds = 0.02;
  double idle_pause_seconds = 0.25;
  // Larger results are refused.
  int64_t max_prompt_tokens = 1 << 20;
  int64_t max_completion_bytes = 1 << 20;

  void validate() const;
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
  v("answer_seconds", c.answer_seconds,
    "a coordinator that answers nothing for so long is started again");
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

inline void CoordinatorConfig::validate() const {
  const ConfigChecks check("coordinator");
  check.within("http_port", http_port, 0, 65535);
  check.more_than("lease_seconds", lease_seconds, 0);
  check.that(lease_seconds <= 1e9, "lease_seconds", lease_seconds,
             "at most 1e+09");  // as messages have it; so below
  check.that(group_seconds >= lease_seconds, "group_seconds", group_seconds,
             "at least lease_seconds");
  check.within("max_attempts", max_attempts, 1, 1'000'000);
  check.one_of("on_quarantine", on_quarantine, {"continue", "fail"});
  check.at_least("worker_strikes", worker_strikes, 1);
  check.at_least("worker_bar_seconds", worker_bar_seconds, 0);
  check.more_than("reward_seconds", reward_seconds, 0);
  check.at_least("reward_attempts", reward_attempts, 1);
  check.more_than("heartbeat_seconds", heartbeat_seconds, 0);
  check.more_than("answer_seconds", answer_seconds, 0);
  check.at_least("sft_steps_per_item", sft_steps_per_item, 1);
  check.more_than("pause_seconds", pause_seconds, 0);
  check.that(idle_pause_seconds >= pause_seconds, "idle_pause_seconds",
             idle_pause_seconds, "at least pause_seconds");
  check.that(idle_pause_seconds <= 3600, "idle_pause_seconds",
             idle_pause_seconds, "at most 3600");
  check.at_least("max_prompt_tokens", max_prompt_tokens, 1);
  check.at_least("max_completion_bytes", max_completion_bytes, 1);
}

}  // namespace ume
