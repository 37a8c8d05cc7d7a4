#include "launch/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/files/files.h"
#include "common/wire/zmq_transport.h"
#include "launch/learner_command.h"

namespace ume {
namespace {

constexpr double kCoordinatorStartSeconds = 30.0;
constexpr double kShutdownSeconds = 20.0;
constexpr double kCheckpointSeconds = 120.0;
constexpr double kExportSeconds = 60.0;
constexpr double kStatusTimeoutSeconds = 2.0;
constexpr double kStatusEverySeconds = 0.5;

double now_seconds() {
  return SystemClock().now_seconds();
}

}  // namespace

Supervisor::Supervisor(RunConfig config,
                       RunDirectory directory,
                       std::string programs,
                       const SignalWatch& signals)
    : config_(std::move(config)),
      directory_(std::move(directory)),
      programs_(std::move(programs)),
      signals_(signals) {
  restarts_left_ = config_.run.max_restarts;
}

void Supervisor::start_coordinator() {
  std::filesystem::remove(directory_.endpoints());
  const std::string log = (directory_.logs() / "coordinator-0.log").string();
  roles_.push_back(std::make_unique<RoleProcess>("coordinator", [this, log] {
    return ChildCommand{{programs_ + "/ume", "role", "coordinator", "--run",
                         directory_.root.string()},
                        {},
                        log};
  }));
  roles_[0]->start(now_seconds());
  const SystemClock clock;
  const Deadline deadline(clock, kCoordinatorStartSeconds,
                          "the coordinator's endpoints.json (see " + log + ")");
  while (!std::filesystem::exists(directory_.endpoints())) {
    // What stops it now (a port in use, a bad file) would stop it again.
    int64_t no_restarts = 0;
    if (const auto exit = roles_[0]->tend(now_seconds(), no_restarts)) {
      throw Error(exit->signal > 0 ? ExitCode::kFailure
                                   : static_cast<ExitCode>(exit->code),
                  "the coordinator did not start:\n" +
                      last_lines(directory_.logs(), "coordinator"));
    }
    deadline.check();
    nap(0.02);
  }
  display_.message("web page: " + read_endpoints(directory_)->http);
  client_ = make_zmq_client(
      {directory_.run_id(), "supervisor", 0},
      {[this] {
         const auto endpoints = read_endpoints(directory_);
         return endpoints ? endpoints->coordinator : std::string();
       },
       0.5});
}

void Supervisor::add_worker_roles() {
  const std::string run = directory_.root.string();
  const auto add = [&](const std::string& name,
                       std::function<ChildCommand()> make) {
    roles_.push_back(std::make_unique<RoleProcess>(name, std::move(make)));
    roles_.back()->start(now_seconds());
  };
  if (config_.has_phase("grpo")) {
    for (int64_t i = 0; i < config_.reward_service.workers; ++i) {
      const std::string index = std::to_string(i);
      add(i == 0 ? "reward" : "reward-" + index, [this, run, index] {
        return ChildCommand{
            {programs_ + "/ume", "role", "reward", "--run", run, "--index",
             index},
            {"OPENBLAS_NUM_THREADS=1"},
            (directory_.logs() / ("reward-" + index + ".log")).string()};
      });
    }
    for (int64_t i = 0; i < config_.rollout.workers; ++i) {
      const std::string name = "rollout-" + std::to_string(i);
      add(name, [this, run, name, i] {
        return ChildCommand{
            {programs_ + "/ume-engine", "role", "rollout", "--run", run,
             "--index", std::to_string(i)},
            {"OMP_NUM_THREADS=" + std::to_string(config_.learner.threads)},
            (directory_.logs() / (name + ".log")).string()};
      });
    }
  }
  add("learner",
      [this] { return learner_command(config_, directory_, programs_); });
}

// What the role's log cannot say when there is no room for its last words.
std::string Supervisor::disk_text(const ChildExit& exit) const {
  if (exit.code != static_cast<int>(ExitCode::kIo)) return "";
  const std::string root = directory_.root.string();
  return " (reading or writing failed; " + root + " has " +
         std::to_string(free_disk_bytes(root) >> 10) + " KiB of free space)";
}

// Reaps and restarts. Returns the run's exit code when one cannot be kept.
std::optional<ExitCode> Supervisor::tend_roles(double now_seconds) {
  for (const auto& role : roles_) {
    const int64_t before = role->num_restarts();
    const std::optional<ChildExit> fatal =
        role->tend(now_seconds, restarts_left_);
    if (role->num_restarts() > before) {
      display_.message(role->name() + " died and is started again (" +
                       std::to_string(restarts_left_) + " restarts left)");
    }
    if (!fatal) continue;
    failure_ = role->name() + " ended with " + fatal->text() +
               disk_text(*fatal) +
               (restarts_left_ <= 0 ? " and run.max_restarts is used up" : "") +
               "; last lines of its log:\n" +
               last_lines(directory_.logs(), role->name());
    display_.message(failure_);
    return fatal->signal > 0 ? ExitCode::kFailure
                             : static_cast<ExitCode>(fatal->code);
  }
  return std::nullopt;
}

void Supervisor::pass_signal_on() {
  if (stopping_ || signals_.count() == 0) return;
  stopping_ = true;
  display_.message("stopping after a checkpoint (again to leave at once)");
  try {
    client_->call(
        ShutdownRequest{signals_.first() == SIGINT ? "interrupt" : "terminate"},
        kShutdownSeconds);
  } catch (const Error& error) {
    display_.message(std::string("the coordinator cannot be told: ") +
                     error.what());
  }
}

void Supervisor::poll_status() {
  Reply reply;
  try {
    reply = client_->call(StatusRequest{}, kStatusTimeoutSeconds);
  } catch (const Unavailable&) {
    return;
  } catch (const DeadlineExceeded&) {
    return;  // it may be restarting
  }
  const auto* status = std::get_if<StatusReply>(&reply);
  if (status == nullptr) return;
  const auto json = nlohmann::json::parse(status->json, nullptr, false);
  if (!json.is_object()) return;
  training_done_ = json.value("training_done", false);
  if (json.value("state", "") == "failed") failure_ = json.value("reason", "");
  display_.show(json);
}

bool Supervisor::workers_finished() const {
  for (size_t i = 1; i < roles_.size(); ++i) {
    if (!roles_[i]->finished()) return false;
  }
  return true;
}

ExitCode Supervisor::watch() {
  double next_status = 0.0;
  double stop_by = -1.0;
  double finish_by = -1.0;
  for (;;) {
    const double now = now_seconds();
    if (const auto code = tend_roles(now)) return *code;
    pass_signal_on();
    if (stopping_ && stop_by < 0.0) stop_by = now + kCheckpointSeconds;
    if (signals_.count() > 1 || (stop_by >= 0.0 && now > stop_by)) {
      return ExitCode::kTerminated;
    }
    if (now >= next_status) {
      poll_status();
      next_status = now + kStatusEverySeconds;
    }
    if (!failure_.empty()) {
      display_.message("the run stopped: " + failure_);
      return ExitCode::kFailure;
    }
    if (workers_finished()) {
      // The last trajectories may still be on their way to their files.
      if (finish_by < 0.0) finish_by = now + kExportSeconds;
      if (training_done_ || stopping_ || now > finish_by) break;
    }
    nap(0.05);
  }
  return training_done_ ? ExitCode::kDone : signals_.orderly_exit();
}

void Supervisor::stop_all() {
  for (const auto& role : roles_) role->send_signal(SIGTERM);
  for (const auto& role : roles_) role->stop(kShutdownSeconds);
  display_.finish();
}

ExitCode Supervisor::run() {
  try {
    start_coordinator();
    add_worker_roles();
    const ExitCode code = watch();
    stop_all();
    return code;
  } catch (...) {
    stop_all();
    throw;
  }
}

}  // namespace ume
