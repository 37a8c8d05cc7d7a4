#include "launch/run/signal_watch.h"

#include <signal.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "launch/run/signal_tally.h"

namespace ume {
namespace {

// SIGHUP last: it is watched only where asked for.
constexpr std::array<int, 4> kWatched = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

// Written by the handlers.
SignalTally tally;
std::atomic<bool> any_signal{false};
std::array<struct sigaction, kWatched.size()> previous;
size_t num_watched = 0;
std::atomic<bool> reload{false};
struct sigaction previous_reload;

void on_signal(int signal) {
  const int error = errno;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  tally.add(signal, int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
  any_signal = true;
  errno = error;
}

}  // namespace

SignalWatch::SignalWatch(OnHangUp on_hang_up) {
  tally.clear();
  any_signal = false;
  num_watched = kWatched.size() - (on_hang_up == OnHangUp::kStop ? 0 : 1);
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : kWatched) sigaddset(&action.sa_mask, signal);
  for (size_t i = 0; i < num_watched; ++i) {
    sigaction(kWatched[i], &action, &previous[i]);
  }
}

SignalWatch::~SignalWatch() {
  for (size_t i = 0; i < num_watched; ++i) {
    sigaction(kWatched[i], &previous[i], nullptr);
  }
}

int SignalWatch::first() const {
  return tally.first();
}
bool SignalWatch::leave_at_once() const {
  return tally.leave_at_once();
}

ExitCode SignalWatch::orderly_exit() const {
  return first() == SIGINT ? ExitCode::kInterrupted : ExitCode::kRunAgain;
}

const std::atomic<bool>& SignalWatch::stop_flag() const {
  return any_signal;
}

ReloadSignal::ReloadSignal() {
  reload = false;
  struct sigaction action {};
  action.sa_handler = [](int) { reload = true; };
  sigaction(SIGHUP, &action, &previous_reload);
}

ReloadSignal::~ReloadSignal() {
  sigaction(SIGHUP, &previous_reload, nullptr);
}

std::atomic<bool>& ReloadSignal::flag() const {
  return reload;
}

}  // namespace ume
