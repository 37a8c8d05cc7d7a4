#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "common/error/error.h"
#include "common/wire/transport.h"
#include "launch/run/role_process.h"
#include "launch/run/run_display.h"
#include "launch/run/run_weights.h"
#include "launch/run/signal_watch.h"
#include "launch/run/silence_watch.h"
#include "launch/run/told_to_end.h"
#include "launch/run/unsaved_steps.h"

namespace ume {

// Runs the training phases of one run on this host: starts every role as a
// process, restarts those that die, shows progress, and passes signals on as a
// request for a checkpoint and an orderly end.
class Supervisor {
 public:
  // programs: the folder of `ume` and `ume-engine`. signals: borrowed.
  Supervisor(RunConfig config,
             RunDirectory directory,
             std::string programs,
             const SignalWatch& signals);

  // Returns kDone when all training phases are complete; kInterrupted or
  // kRunAgain after a checkpoint on SIGINT or SIGTERM/SIGUSR1; kTerminated when
  // there is no such checkpoint, because of a second SIGINT, of
  // checkpoint.write_timeout_seconds or of a learner that died; else the code
  // of the role that could not be kept alive. The roles have ended by then.
  ExitCode run();

 private:
  void start_coordinator();
  void connect();
  void add_worker_roles();
  ExitCode watch();
  ExitCode stop_code();
  std::optional<ExitCode> tend_roles(double now);
  std::string disk_text(const ChildExit& exit) const;
  void pass_signal_on(double now);
  bool stop_overdue(double now);
  std::optional<Reply> ask(const Request& request);
  bool poll_status();
  void show_damage(const nlohmann::json& status);
  void end_hung_roles(const nlohmann::json& status);
  void end_silent_coordinator(bool answered);
  void end_told_roles(double now);
  void say_what_is_lost(const std::string& why);
  bool workers_finished() const;
  void stop_all();

  RunConfig config_;
  RunDirectory directory_;
  std::string programs_;
  const SignalWatch& signals_;
  RunDisplay display_;
  std::optional<RunWeights> weights_;  // outlives the roles
  std::unique_ptr<RequestClient> client_;
  std::vector<std::unique_ptr<RoleProcess>> roles_;  // [0]: the coordinator
  int64_t restarts_left_ = 0;
  bool stopping_ = false;  // a signal has come
  double stop_by_ = -1.0;
  double next_stop_request_ = 0.0;
  SilenceWatch silence_;
  ToldToEnd told_to_end_;
  // Of the newest status:
  std::string state_;
  bool training_done_ = false;
  int64_t updates_to_export_ = 0;
  UnsavedSteps unsaved_;
  int64_t next_event_ = -1;  // negative: none has been looked at
  std::string failure_;      // the coordinator's own reason to stop
};

}  // namespace ume
