#include "launch/run/supervisor.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "actors/role_client.h"
#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/files/files.h"
#include "common/wire/zmq_transport.h"
#include "launch/run/hung_roles.h"
#include "launch/run/learner_launch.h"
#include "launch/run/role_logs.h"
#include "launch/run/stall_watch.h"

namespace ume {
namespace {

constexpr double kCoordinatorStartSeconds = 30.0;
constexpr double kShutdownSeconds = 20.0;
constexpr double kExportSeconds = 60.0;
constexpr double kStatusTimeoutSeconds = 2.0;
constexpr double kStatusEverySeconds = 0.5;
// By then a signal that goes to every process of the run has reached us too.
constexpr double kToldAloneSeconds = 2.0;

double now_seconds() {
  return SystemClock().now_seconds();
}

// Of an earlier coordinator; it would be taken for that of the new one.
void remove_endpoints(const RunDirectory& directory) {
  const std::filesystem::path path = directory.endpoints();
  std::error_code error;
  std::filesystem::remove(path, error);
  if (!error) return;
  throw IoError(path.string() +
                ": cannot be removed, to be written anew: " + error.message());
}

}  // namespace

Supervisor::Supervisor(RunConfig config,
                       RunDirectory directory,
                       std::string programs,
                       const SignalWatch& signals)
    : config_(std::move(config)),
      directory_(std::move(directory)),
      programs_(std::move(programs)),
      signals_(signals),
      silence_(config_.coordinator.answer_seconds, kCoordinatorStartSeconds),
      told_to_end_(kToldAloneSeconds) {
  restarts_left_ = config_.run.max_restarts;
}

void Supervisor::start_coordinator() {
  remove_endpoints(directory_);
  const std::string log = (directory_.logs() / "coordinator-0.log").string();
  const auto command = [this, log] {
    return ChildCommand{{programs_ + "/ume", "role", "coordinator", "--run",
                         directory_.root.string()},
                        {},
                        log,
                        SIGHUP};
  };
  constexpr bool kEndsByItself = false;
  roles_.push_back(
      std::make_unique<RoleProcess>("coordinator", command, kEndsByItself));
  roles_[0]->start(now_seconds());
  const SystemClock clock;
  const Deadline deadline(clock, kCoordinatorStartSeconds,
                          "the coordinator's endpoints.json (see " + log + ")");
  while (!std::filesystem::exists(directory_.endpoints())) {
    // What stops it now (a port in use, a bad file) would stop it again.
    int64_t no_restarts = 0;
    if (const auto exit = roles_[0]->tend(now_seconds(), no_restarts)) {
      throw Error(exit->run_code(),
                  "the coordinator did not start and ended with " +
                      exit->text() + "; " +
                      last_words(roles_[0]->log(), "coordinator"));
    }
    deadline.check();
    nap(0.02);
  }
}

void Supervisor::connect() {
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
std::optional<ExitCode> Supervisor::tend_roles(double now) {
  for (const auto& role : roles_) {
    const int64_t before = role->num_restarts();
    const std::optional<ChildExit> fatal = role->tend(now, restarts_left_);
    if (role->num_restarts() > before) {
      display_.message(role->name() + " died and is started again (" +
                       std::to_string(restarts_left_) + " restarts left)");
      if (role == roles_[0]) silence_.started();
    }
    if (!fatal) continue;
    failure_ = role->name() + " ended with " + fatal->text() +
               disk_text(*fatal) +
               (restarts_left_ <= 0 ? " and run.max_restarts is used up" : "") +
               "; " + last_words(role->log(), role->name());
    display_.message(failure_);
    return fatal->run_code();
  }
  return std::nullopt;
}

// Again and again until the coordinator says that it stops: the first request
// may be lost, or known only to a coordinator that has died since.
void Supervisor::pass_signal_on(double now) {
  if (signals_.first() == 0) return;
  if (!stopping_) {
    stopping_ = true;
    display_.message(signals_.first() == SIGINT
                         ? "stopping after a checkpoint (again to leave at "
                           "once)"
                         : "stopping after a checkpoint");
  }
  if (state_ == "stopping" || state_ == "stopped" || state_ == "done" ||
      state_ == "failed" || now < next_stop_request_) {
    return;
  }
  next_stop_request_ = now + kStatusEverySeconds;
  ask(ShutdownRequest{signals_.first() == SIGINT ? "interrupt" : "terminate"});
}

// Nothing while the coordinator does not answer: it may be restarting.
std::optional<Reply> Supervisor::ask(const Request& request) {
  try {
    return client_->call(request, kStatusTimeoutSeconds);
  } catch (const Unavailable&) {
    return std::nullopt;
  } catch (const DeadlineExceeded&) {
    return std::nullopt;
  }
}

// Returns whether the coordinator has answered.
bool Supervisor::poll_status() {
  const std::optional<Reply> reply = ask(StatusRequest{});
  end_silent_coordinator(reply.has_value());
  if (!reply) return false;
  const auto* status = std::get_if<StatusReply>(&*reply);
  if (status == nullptr) return false;
  const auto json = nlohmann::json::parse(status->json, nullptr, false);
  if (!json.is_object()) return false;
  training_done_ = json.value("training_done", false);
  updates_to_export_ = json.value("updates_to_export", int64_t{0});
  state_ = json.value("state", "");
  if (state_ == "failed") failure_ = json.value("reason", "");
  unsaved_.see(json, stopping_);
  end_hung_roles(json);
  show_damage(json);
  display_.show(json);
  return true;
}

// Events of this start about checkpoints that could not be used.
void Supervisor::show_damage(const nlohmann::json& status) {
  const bool first = next_event_ < 0;
  for (const auto& event : status.value("events", nlohmann::json::array())) {
    const int64_t id = event.value("id", int64_t{0});
    if (id < next_event_) continue;
    next_event_ = id + 1;
    const std::string kind = event.value("kind", "");
    const bool shown =
        kind == "checkpoint_damaged" || kind == "checkpoint_stepped_back";
    if (!first && shown) display_.message(event.value("text", ""));
  }
}

// They are restarted as roles that died. The process id tells a role that hangs
// from its next start, which has not reported yet.
void Supervisor::end_hung_roles(const nlohmann::json& status) {
  for (const int64_t pid : hung_processes(status)) {
    for (const auto& role : roles_) {
      if (!role->running() || role->pid() != pid) continue;
      display_.message(role->name() +
                       " has not asked for work for too long and is killed");
      role->send_signal(SIGKILL);
    }
  }
}

// The other roles ask it again and again, and go on with the one that is
// started in its place.
void Supervisor::end_silent_coordinator(bool answered) {
  if (!silence_.too_long(answered, now_seconds())) return;
  silence_.started();
  if (!roles_[0]->running()) return;
  char text[128];
  std::snprintf(text, sizeof(text),
                "coordinator has not answered for %g s "
                "(coordinator.answer_seconds) and is killed",
                config_.coordinator.answer_seconds);
  display_.message(text);
  roles_[0]->send_signal(SIGKILL);
}

// A role that somebody ended by SIGTERM, and not the run with it, is started
// again. mpirun's children are the ranks.
void Supervisor::end_told_roles(double now) {
  if (stopping_) return;
  std::map<pid_t, RoleProcess*> owners;
  std::vector<pid_t> pids;
  for (const auto& role : roles_) {
    if (!role->running()) continue;
    for (const pid_t pid : children_of(role->pid())) owners[pid] = role.get();
    owners[role->pid()] = role.get();
  }
  for (const auto& [pid, role] : owners) pids.push_back(pid);
  for (const pid_t pid : told_to_end_.due(pids, now)) {
    RoleProcess* role = owners[pid];
    display_.message(role->name() + " (process " + std::to_string(pid) +
                     ") was told to end by SIGTERM");
    if (role->pid() == pid) {
      role->ask_to_end();
    } else {
      kill(pid, SIGKILL);
    }
  }
}

bool Supervisor::workers_finished() const {
  for (size_t i = 1; i < roles_.size(); ++i) {
    if (!roles_[i]->finished()) return false;
  }
  return true;
}

// How long a stop may take, and whether that is over.
bool Supervisor::stop_overdue(double now) {
  const double limit = config_.checkpoint.write_timeout_seconds;
  if (!stopping_) return false;
  if (stop_by_ < 0.0) stop_by_ = now + limit;
  if (now <= stop_by_) return false;
  char text[128];
  std::snprintf(text, sizeof(text),
                "leaving without a checkpoint: it is not there after %.0f s "
                "(checkpoint.write_timeout_seconds)",
                limit);
  say_what_is_lost(text);
  return true;
}

void Supervisor::say_what_is_lost(const std::string& why) {
  const int64_t steps = unsaved_.count();
  std::string text = why;
  if (steps > 0) {
    text += "; " + std::to_string(steps) +
            (steps == 1 ? " step since the last one is lost"
                        : " steps since the last one are lost") +
            ", and done again with --resume";
  }
  display_.message(text);
}

// With what a stopped run ends, once every role has left.
ExitCode Supervisor::stop_code() {
  if (unsaved_.count() == 0) return signals_.orderly_exit();
  say_what_is_lost("stopped without a checkpoint");
  return ExitCode::kTerminated;
}

ExitCode Supervisor::watch() {
  double next_status = 0.0;
  StallWatch exports(kExportSeconds);
  for (;;) {
    const double now = now_seconds();
    if (const auto code = tend_roles(now)) return *code;
    pass_signal_on(now);
    if (signals_.leave_at_once()) {
      say_what_is_lost("left without a checkpoint");
      return ExitCode::kTerminated;
    }
    if (stop_overdue(now)) return ExitCode::kTerminated;
    if (now >= next_status) {
      poll_status();
      end_told_roles(now);
      next_status = now + kStatusEverySeconds;
    }
    if (!failure_.empty()) {
      display_.message("the run stopped: " + failure_);
      return ExitCode::kFailure;
    }
    if (workers_finished()) {
      if (training_done_) return ExitCode::kDone;
      // What they did last is in the next answer only.
      if (stopping_ && poll_status() && failure_.empty()) {
        return training_done_ ? ExitCode::kDone : stop_code();
      }
      // The last trajectories are on their way to their files.
      if (!stopping_ && exports.stalled(updates_to_export_, now)) {
        display_.message(
            "the coordinator has not written trajectories for " +
            std::to_string(static_cast<int>(kExportSeconds)) +
            " s; updates left: " + std::to_string(updates_to_export_) +
            ". Go on with --resume");
        return ExitCode::kFailure;
      }
    }
    nap(0.05);
  }
}

void Supervisor::stop_all() {
  for (const auto& role : roles_) role->ask_to_end();
  for (const auto& role : roles_) role->stop(kShutdownSeconds);
  display_.finish();
}

ExitCode Supervisor::run() {
  try {
    weights_.emplace(shared_weight_folder(), directory_.run_id());
    start_coordinator();
    connect();
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
