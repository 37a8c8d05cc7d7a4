#include "reward/plugin/plugin_process.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

constexpr double kFirstPauseSeconds = 0.1;

HelperCommand command_of(const ExtensionConfig& config,
                         const std::string& programs) {
  HelperCommand command;
  command.argv = {programs + "/ume-reward-plugin",
                  std::filesystem::absolute(config.path).string(),
                  config.symbol};
  for (const auto& [key, value] : config.params) {
    command.argv.push_back(key);
    command.argv.push_back(value);
  }
  command.memory_bytes = static_cast<uint64_t>(config.memory_mb) << 20;
  command.name = "plug-in " + config.path;
  return command;
}

}  // namespace

PluginProcess::PluginProcess(const ExtensionConfig& config,
                             const std::string& programs)
    : path_(config.path),
      content_(xxh3_hex_of_file(path_)),
      command_(command_of(config, programs)),
      timeout_seconds_(static_cast<double>(config.timeout_ms) * 1e-3),
      longest_pause_seconds_(config.breaker_seconds) {
  start(timeout_seconds_);
}

void PluginProcess::start(double timeout_seconds) {
  ++num_starts_;
  process_ = std::make_unique<HelperProcess>(command_);
  const ScoreReply hello =
      decode_score_reply(process_->exchange("", timeout_seconds), 0);
  if (!hello.refusal.empty()) throw InvalidInput(hello.refusal);
  // After it has been loaded, so that what was loaded is what is looked at.
  if (xxh3_hex_of_file(path_) != content_) {
    throw InvalidInput(path_ +
                       " has changed since the policy was loaded; load the "
                       "policy anew (SIGHUP to the service) to use it");
  }
}

double PluginProcess::blocked_seconds() const {
  if (process_) return 0.0;
  return std::max(0.0, start_at_ - clock_.now_seconds());
}

// Waits for the end of the pause where that is within the call's time.
void PluginProcess::wait_for_turn(double timeout_seconds) {
  const double pause = start_at_ - clock_.now_seconds();
  if (pause <= 0.0) return;
  if (pause >= timeout_seconds) {
    throw Unavailable(command_.name + ": not started again for " +
                      std::to_string(pause) + " s, after " +
                      std::to_string(failures_in_row_) + " failures in a row");
  }
  nap(pause);
}

ScoreReply PluginProcess::ask(const Cohort& input, double timeout_seconds) {
  ScoreRequest request;
  request.request_id = num_calls_;
  request.deadline_ms = static_cast<int64_t>(timeout_seconds * 1e3);
  request.cohort = input;
  const int64_t rows = input.num_pairs * input.group_size;
  const ScoreReply reply = decode_score_reply(
      process_->exchange(encode_score_request(request), timeout_seconds), rows);
  if (reply.refusal.empty() && reply.request_id != request.request_id) {
    throw InvalidInput(command_.name + ": answered another request");
  }
  return reply;
}

void PluginProcess::failed() {
  process_.reset();
  ++num_failures_;
  ++failures_in_row_;
  const double pause =
      kFirstPauseSeconds * std::pow(2.0, static_cast<double>(std::min<uint64_t>(
                                             failures_in_row_ - 1, 20)));
  start_at_ = clock_.now_seconds() + std::min(pause, longest_pause_seconds_);
}

RewardColumn PluginProcess::score(const Cohort& input) {
  ++num_calls_;
  const Deadline deadline(clock_, timeout_seconds_, command_.name);
  if (!process_) wait_for_turn(deadline.remaining_seconds());
  ScoreReply reply;
  try {
    if (!process_) start(deadline.remaining_seconds());
    reply = ask(input, deadline.remaining_seconds());
  } catch (...) {
    failed();
    throw;
  }
  if (!reply.refusal.empty()) {  // its own words; the process is well
    ++num_failures_;
    throw InvalidInput(reply.refusal);
  }
  failures_in_row_ = 0;
  return {"", std::move(reply.query), std::move(reply.target)};
}

}  // namespace ume
