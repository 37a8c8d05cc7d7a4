#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ume {

// What a person sees of a run: one line that is drawn anew on a terminal, plain
// lines elsewhere (at most one every ten seconds and one a phase). On stderr.
class RunDisplay {
 public:
  explicit RunDisplay(bool terminal) : terminal_(terminal) {}

  // status: the coordinator's snapshot (docs/formats/status.md).
  void show(const nlohmann::json& status);
  // A line that stays.
  void message(const std::string& text);
  // Ends the line that is being drawn.
  void finish();

 private:
  bool terminal_;
  bool line_open_ = false;
  double last_plain_ = -1e9;
  std::string last_phase_;
};

// "sft 120/1200  3.1 steps/s  loss 2.31  left 5:48"; phase, step, rates, reward
// and time left, as far as they are known.
std::string progress_text(const nlohmann::json& status);

// Seconds as 0:07, 12:30 or 3:05:00.
std::string duration_text(double seconds);

}  // namespace ume
