#include "launch/phase_times.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

namespace ume {
namespace {

std::optional<double> value_of(const StepRecord& step, const char* name) {
  const auto at = step.values.find(name);
  if (at == step.values.end()) return std::nullopt;
  return at->second;
}

}  // namespace

std::vector<PhaseStart> read_phase_starts(const std::filesystem::path& events) {
  std::vector<PhaseStart> starts;
  std::ifstream file(events);
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("time") ||
        !json["time"].is_number() || !json.contains("kind") ||
        !json.contains("text") || !json["text"].is_string()) {
      continue;
    }
    if (json["kind"] != "phase_began" && json["kind"] != "phase_resumed") {
      continue;
    }
    // "sft", or "sft at step 40".
    const auto text = json["text"].get<std::string>();
    starts.push_back({text.substr(0, text.find(' ')), json["time"]});
  }
  return starts;
}

PhaseTime phase_time(const std::string& phase,
                     const std::vector<PhaseStart>& starts,
                     const std::vector<StepRecord>& steps) {
  PhaseTime result;
  result.phase = phase;
  std::vector<double> times;
  for (const StepRecord& step : steps) {
    if (step.phase != phase) continue;
    result.tokens += static_cast<int64_t>(value_of(step, "tokens").value_or(0));
    if (const auto time = value_of(step, "time")) times.push_back(*time);
  }
  std::sort(times.begin(), times.end());
  for (size_t i = 0; i < starts.size(); ++i) {
    if (starts[i].phase != phase) continue;
    const auto end = i + 1 < starts.size()
                         ? std::lower_bound(times.begin(), times.end(),
                                            starts[i + 1].wall_seconds)
                         : times.end();
    if (end == times.begin()) continue;
    result.seconds += std::max(0.0, *(end - 1) - starts[i].wall_seconds);
  }
  return result;
}

}  // namespace ume
