#include "launch/run_display.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"

namespace ume {
namespace {

constexpr double kPlainEverySeconds = 10.0;

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), std::abs(value) >= 1000.0 ? "%.0f" : "%.3g",
                value);
  return text;
}

// The metrics worth a place on the line, by phase kind.
std::string metrics_text(const nlohmann::json& metrics) {
  std::string text;
  for (const char* name : {"reward", "loss", "kl"}) {
    const auto at = metrics.find(name);
    if (at == metrics.end() || !at->is_number()) continue;
    text += std::string("  ") + name + " " + number_text(at->get<double>());
  }
  return text;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(seconds));
  char text[48];
  if (whole >= 3600) {
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600,
                  whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

std::string progress_text(const nlohmann::json& status) {
  const auto& phases = status.value("phases", nlohmann::json::array());
  const auto index = static_cast<size_t>(status.value("phase_index", 0));
  if (index >= phases.size()) return status.value("state", "starting");
  const auto& phase = phases[index];
  std::string text = phase.value("name", "") + " " +
                     std::to_string(phase.value("steps_done", 0)) + "/" +
                     std::to_string(phase.value("num_steps", 0));
  const double rate = status.value("steps_per_second", 0.0);
  if (rate > 0.0) text += "  " + number_text(rate) + " steps/s";
  const double tokens = status.value("tokens_per_second", 0.0);
  if (tokens > 0.0) text += "  " + number_text(tokens) + " sampled tokens/s";
  text += metrics_text(status.value("metrics", nlohmann::json::object()));
  const auto left = status.find("seconds_left");
  if (left != status.end() && left->is_number()) {
    text += "  left " + duration_text(left->get<double>());
  }
  const std::string state = status.value("state", "");
  if (state != "running" && !state.empty()) text += "  (" + state + ")";
  return text;
}

void RunDisplay::show(const nlohmann::json& status) {
  const std::string text = progress_text(status);
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
    line_open_ = true;
    return;
  }
  const std::string phase = text.substr(0, text.find(' '));
  const double now = SystemClock().now_seconds();
  if (now - last_plain_ < kPlainEverySeconds && phase == last_phase_) return;
  last_plain_ = now;
  last_phase_ = phase;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void RunDisplay::message(const std::string& text) {
  std::fprintf(stderr, "%s%s\n", line_open_ ? "\r\033[K" : "", text.c_str());
  line_open_ = false;
}

void RunDisplay::finish() {
  if (line_open_) std::fputc('\n', stderr);
  line_open_ = false;
}

}  // namespace ume
