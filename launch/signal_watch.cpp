#include "launch/signal_watch.h"

#include <signal.h>

#include <array>

namespace ume {
namespace {

constexpr std::array<int, 3> kWatched = {SIGINT, SIGTERM, SIGUSR1};

// Written by the handler; lock-free atomics are all that is safe there.
std::atomic<int> first_signal{0};
std::atomic<int> num_signals{0};
std::atomic<bool> any_signal{false};
std::array<struct sigaction, kWatched.size()> previous;
std::atomic<bool> reload{false};
struct sigaction previous_reload;

void on_signal(int signal) {
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  num_signals.fetch_add(1);
  any_signal = true;
}

}  // namespace

SignalWatch::SignalWatch() {
  first_signal = 0;
  num_signals = 0;
  any_signal = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (size_t i = 0; i < kWatched.size(); ++i) {
    sigaction(kWatched[i], &action, &previous[i]);
  }
}

SignalWatch::~SignalWatch() {
  for (size_t i = 0; i < kWatched.size(); ++i) {
    sigaction(kWatched[i], &previous[i], nullptr);
  }
}

int SignalWatch::first() const {
  return first_signal;
}
int SignalWatch::count() const {
  return num_signals;
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
