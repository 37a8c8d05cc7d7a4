#include "launch/run/role_process.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr double kFirstDelaySeconds = 0.2;
constexpr double kLongestDelaySeconds = 10.0;
// A role that lived so long has recovered: its next delay is short again.
constexpr double kHealthySeconds = 60.0;

// A full disk stays full; tries would only use up the restarts, and the last
// role to fail would hide the cause.
bool would_come_again(int code) {
  return code == static_cast<int>(ExitCode::kUsage) ||
         code == static_cast<int>(ExitCode::kBadData) ||
         code == static_cast<int>(ExitCode::kIo) ||
         code == static_cast<int>(ExitCode::kConfig) || code == 127;
}

}  // namespace

RoleDecision decide_about_exit(const ChildExit& exit,
                               int64_t restarts_in_row,
                               int64_t restarts_left,
                               bool ends_by_itself) {
  if (exit.clean() && ends_by_itself) return {RoleVerdict::kFinished, 0.0};
  if (exit.signal == 0 && would_come_again(exit.code)) {
    return {RoleVerdict::kGiveUp, 0.0};
  }
  if (restarts_left <= 0) return {RoleVerdict::kGiveUp, 0.0};
  const double delay =
      kFirstDelaySeconds * std::pow(2.0, static_cast<double>(restarts_in_row));
  return {RoleVerdict::kRestart, std::min(delay, kLongestDelaySeconds)};
}

RoleProcess::RoleProcess(std::string name,
                         std::function<ChildCommand()> make_command,
                         bool ends_by_itself)
    : name_(std::move(name)),
      make_command_(std::move(make_command)),
      ends_by_itself_(ends_by_itself) {}

void RoleProcess::start(double now_seconds) {
  const ChildCommand command = make_command_();
  log_ = log_before_start(command.log_path);
  child_ = ChildProcess::start(command);
  started_at_ = now_seconds;
  restart_at_ = -1.0;
}

std::optional<ChildExit> RoleProcess::tend(double now_seconds,
                                           int64_t& restarts_left) {
  if (!child_) {
    if (restart_at_ >= 0.0 && now_seconds >= restart_at_) start(now_seconds);
    return std::nullopt;
  }
  const std::optional<ChildExit> exit = child_->poll();
  if (!exit) return std::nullopt;
  child_.reset();
  if (now_seconds - started_at_ > kHealthySeconds) restarts_in_row_ = 0;
  const RoleDecision decision = decide_about_exit(
      *exit, restarts_in_row_, restarts_left, ends_by_itself_);
  switch (decision.verdict) {
    case RoleVerdict::kFinished:
      finished_ = true;
      return std::nullopt;
    case RoleVerdict::kGiveUp:
      return exit;
    case RoleVerdict::kRestart:
      break;
  }
  --restarts_left;
  ++restarts_in_row_;
  ++num_restarts_;
  restart_at_ = now_seconds + decision.delay_seconds;
  return std::nullopt;
}

void RoleProcess::send_signal(int signal) {
  if (child_) child_->send_signal(signal);
}

void RoleProcess::ask_to_end() {
  if (child_) child_->ask_to_end();
}

void RoleProcess::stop(double timeout_seconds) {
  restart_at_ = -1.0;
  if (child_) {
    child_->wait_or_kill(timeout_seconds);
    child_.reset();
  }
}

}  // namespace ume
