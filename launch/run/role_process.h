#pragma once

#include <functional>
#include <optional>
#include <string>

#include "launch/child_process.h"
#include "launch/run/role_logs.h"

namespace ume {

// What to do about a role that has ended (decided without acting).
enum class RoleVerdict : uint8_t {
  kFinished,  // it left because the run is over
  kRestart,   // it died; start it again after `delay_seconds`
  kGiveUp,    // starting it again would end the same way
};
struct RoleDecision {
  RoleVerdict verdict = RoleVerdict::kFinished;
  double delay_seconds = 0.0;
};

// Wrong usage, data, configuration, a full disk or a missing program (exit
// codes 2, 65, 78, 74, 127) would come again, and so the run gives up. Anything
// else is restarted, later each time, until the budget of the run is used up.
//   restarts_in_row: of this role, without a minute of life between them.
//   ends_by_itself: an exit without an error is the end of its work; otherwise
//     somebody has stopped it, and it is restarted as well.
RoleDecision decide_about_exit(const ChildExit& exit,
                               int64_t restarts_in_row,
                               int64_t restarts_left,
                               bool ends_by_itself = true);

// One role that is kept alive.
class RoleProcess {
 public:
  // make_command: called for each start (start ids differ).
  // ends_by_itself: see decide_about_exit.
  RoleProcess(std::string name,
              std::function<ChildCommand()> make_command,
              bool ends_by_itself = true);

  const std::string& name() const { return name_; }
  bool running() const { return child_.has_value(); }
  bool finished() const { return finished_; }
  pid_t pid() const { return child_ ? child_->pid() : -1; }
  int64_t num_restarts() const { return num_restarts_; }
  // Since its newest start.
  const RoleLog& log() const { return log_; }

  void start(double now_seconds);
  // Reaps and restarts when due. Returns how it ended when the run must give
  // up because of it. `restarts_left` is decreased.
  std::optional<ChildExit> tend(double now_seconds, int64_t& restarts_left);
  void send_signal(int signal);
  void ask_to_end();  // by its end signal
  // Waits for its end, or kills it at the deadline.
  void stop(double timeout_seconds);

 private:
  std::string name_;
  std::function<ChildCommand()> make_command_;
  bool ends_by_itself_ = true;
  std::optional<ChildProcess> child_;
  RoleLog log_;
  bool finished_ = false;
  double started_at_ = 0.0;
  double restart_at_ = -1.0;
  int64_t restarts_in_row_ = 0;
  int64_t num_restarts_ = 0;
};

}  // namespace ume
