#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/run_config.h"
#include "actors/run_directory.h"
#include "common/error/error.h"
#include "common/wire/transport.h"
#include "launch/role_process.h"
#include "launch/run_display.h"
#include "launch/signal_watch.h"

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
  // a second signal cut that short; else the code of the role that could not be
  // kept alive.
  ExitCode run();

 private:
  void start_coordinator();
  void add_worker_roles();
  ExitCode watch();
  std::optional<ExitCode> tend_roles(double now_seconds);
  std::string disk_text(const ChildExit& exit) const;
  void pass_signal_on();
  void poll_status();
  bool workers_finished() const;
  void stop_all();

  RunConfig config_;
  RunDirectory directory_;
  std::string programs_;
  const SignalWatch& signals_;
  RunDisplay display_;
  std::unique_ptr<RequestClient> client_;
  std::vector<std::unique_ptr<RoleProcess>> roles_;  // [0]: the coordinator
  int64_t restarts_left_ = 0;
  bool stopping_ = false;  // a signal has been passed on
  bool training_done_ = false;
  std::string failure_;  // the coordinator's own reason to stop
};

}  // namespace ume
