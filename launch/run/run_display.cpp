#include "launch/run/run_display.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ume {
namespace {

using Json = nlohmann::json;

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), std::abs(value) >= 1000.0 ? "%.0f" : "%.3g",
                value);
  return text;
}

std::optional<double> number_in(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_number()) return std::nullopt;
  return at->get<double>();
}

void add(std::string& detail, const std::string& part) {
  detail += (detail.empty() ? "" : "  ") + part;
}

// The sampled tokens of GRPO, or those that a step of SFT trains on.
void add_tokens(const Json& status,
                const Progress& progress,
                std::string& out) {
  const Json rates = status.value("rates", Json::object());
  const Json metrics = status.value("metrics", Json::object());
  const auto sampled = number_in(rates, "tokens_per_second");
  const auto trained = number_in(metrics, "tokens");
  if (sampled && *sampled > 0.0) {
    add(out, number_text(*sampled) + " sampled tokens/s");
  } else if (trained && progress.rate) {
    add(out, number_text(*trained * *progress.rate) + " tokens/s");
  }
}

}  // namespace

std::optional<Progress> progress_of(const Json& status) {
  const Json phases = status.value("phases", Json::array());
  const auto index = static_cast<size_t>(status.value("phase_index", 0));
  if (index >= phases.size()) return std::nullopt;
  const Json& phase = phases[index];
  Progress progress;
  progress.label = phase.value("name", "");
  progress.unit = "steps";
  progress.done = phase.value("steps_done", uint64_t{0});
  progress.total = phase.value("num_steps", uint64_t{0});
  const auto rate =
      number_in(status.value("rates", Json::object()), "steps_per_second");
  if (rate && *rate > 0.0) progress.rate = rate;
  const Json metrics = status.value("metrics", Json::object());
  for (const char* name : {"reward", "loss", "kl"}) {
    if (const auto value = number_in(metrics, name)) {
      add(progress.detail, std::string(name) + " " + number_text(*value));
    }
  }
  add_tokens(status, progress, progress.detail);
  if (index + 1 < phases.size()) {
    add(progress.detail, "then " + phases[index + 1].value("name", ""));
  }
  const std::string state = status.value("state", "");
  if (state != "running" && !state.empty()) {
    add(progress.detail, "(" + state + ")");
  }
  return progress;
}

void RunDisplay::show(const Json& status) {
  if (const auto progress = progress_of(status)) line_.update(*progress);
}

void RunDisplay::message(const std::string& text) {
  line_.finish();
  std::fprintf(stderr, "%s\n", text.c_str());
}

void RunDisplay::finish() {
  line_.finish();
}

}  // namespace ume
