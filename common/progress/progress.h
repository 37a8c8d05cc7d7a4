#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>

#include "common/clock/clock.h"

namespace ume {

struct Progress {
  std::string label;  // e.g. the phase: "grpo"
  std::string unit;   // of done and total, e.g. "step"
  uint64_t done = 0;
  uint64_t total = 0;  // 0: not known
  std::string detail;  // e.g. "reward 0.71  812 tokens/s"
  // Units per second, where who does the work knows it; else it is measured
  // from one update to the next.
  std::optional<double> rate;
};

// "1:02:03", "2:03"; "-:--" when it is not known.
std::string format_duration(std::optional<double> seconds);

// "grpo  12/50 step  24%  0.31 step/s  left 2:03  reward 0.71". Cut to `width`
// characters where width > 0.
//   rate: units per second; nothing: not known yet.
std::string format_progress(const Progress& progress,
                            std::optional<double> rate,
                            size_t width = 0);

// Shows how far a long piece of work is: on a terminal one line that is written
// anew, elsewhere a line now and then, and always one when the label changes
// and at the end. Used by one thread.
class ProgressLine {
 public:
  //   out: borrowed, usually stderr. clock: borrowed.
  //   line_interval_seconds: between lines when `out` is not a terminal.
  ProgressLine(std::FILE* out,
               const Clock& clock,
               double line_interval_seconds = 10.0);
  // Ends the terminal's line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const Progress& progress);
  // Shows the last update if it was held back, and makes room for other output:
  // the next update begins a new line.
  void finish();

 private:
  struct Sample {
    double seconds;
    uint64_t done;
  };
  void remember(const Progress& progress, double now);
  std::optional<double> rate() const;
  bool due(double now) const;
  void show();

  std::FILE* const out_;
  const Clock& clock_;
  const double line_interval_seconds_;
  const bool is_terminal_;
  Progress last_;
  bool last_shown_ = true;
  bool line_open_ = false;
  std::deque<Sample> samples_;  // of the last minute, oldest first
  std::optional<double> shown_seconds_;
  std::optional<uint64_t> shown_done_;  // of the label
};

}  // namespace ume
