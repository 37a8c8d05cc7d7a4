#pragma once

#include <optional>
#include <string>
#include <variant>

#include "coordinator/ledger/ledger_rows.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// Where the learner stands, when it asks for its next item.
struct LearnerView {
  std::optional<WorkRow> last;  // item of its log; nothing at its start
  bool last_completed = false;  // by all ranks
  uint32_t phase = 0;           // first phase that is not finished
  bool phase_is_grpo = false;
  uint64_t num_steps = 0;  // of that phase
  uint64_t checkpoint_every = 1;
  uint64_t checkpoint_step = 0;   // of its last checkpoint; 0: none
  std::string checkpoint_folder;  // of that; empty: none
  bool all_phases_done = false;
  bool stopping = false;
  bool batch_ready = false;     // grpo: the next step's batch is complete
  std::string batch_waits_for;  // if not
  uint64_t sft_steps_per_item = 10;
};

struct WaitFor {
  std::string what;
};
using NextItem = std::variant<WorkRow, WaitFor>;

// The item that follows in the learner's log (incarnation and sequence left
// open), or what it has to wait for. A pure function.
NextItem decide_next_item(const LearnerView& view);

// Steps of the phase that the weights have seen after the item.
uint64_t steps_after(const WorkRow& item);

}  // namespace ume
