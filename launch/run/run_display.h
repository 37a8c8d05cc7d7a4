#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/clock/clock.h"
#include "common/progress/progress.h"

namespace ume {

// What a person sees of a run, on stderr: the line of progress, and messages
// that stay.
class RunDisplay {
 public:
  RunDisplay() : line_(stderr, clock_) {}

  // status: the coordinator's snapshot (docs/formats/status.md).
  void show(const nlohmann::json& status);
  void message(const std::string& text);
  // Ends the line that is being drawn.
  void finish();

 private:
  SystemClock clock_;
  ProgressLine line_;
};

// Phase, step, rates and the newest step's reward and losses, as far as the
// status knows them; nothing before the phases are known.
std::optional<Progress> progress_of(const nlohmann::json& status);

}  // namespace ume
