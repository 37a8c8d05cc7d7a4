#include "tests/coordinator/simulator.h"

#include <cmath>
#include <stdexcept>

#include "coordinator/progress/ledger_check.h"
#include "tests/coordinator/simulated_roles.h"

namespace ume::test {
namespace {

constexpr int kNumSamplers = 2;
constexpr uint64_t kMaxEvents = 500'000;
constexpr double kTickSeconds = 0.2;

struct Crash {};

CoordinatorConfig quick_config() {
  CoordinatorConfig config;
  config.lease_seconds = 4.0;
  config.group_seconds = 20.0;
  config.max_attempts = 1'000'000;  // no group is poison here
  config.worker_strikes = 20;
  config.worker_bar_seconds = 1.0;
  config.reward_seconds = 3.0;
  config.pause_seconds = 0.1;
  config.idle_pause_seconds = 0.5;
  return config;
}

}  // namespace

// Ends the process, so to say, just before or just after a commit.
class CrashingLedger : public Ledger {
 public:
  explicit CrashingLedger(Ledger& inner) : inner_(inner) {}
  void crash_at_next_commit(bool before) { crash_ = before ? 1 : 2; }

  void put(LedgerTable t, std::string_view k, std::string_view v) override {
    inner_.put(t, k, v);
  }
  void erase(LedgerTable t, std::string_view k) override { inner_.erase(t, k); }
  std::optional<std::string> get(LedgerTable t,
                                 std::string_view k) const override {
    return inner_.get(t, k);
  }
  std::vector<std::pair<std::string, std::string>> scan(
      LedgerTable t, std::string_view prefix) const override {
    return inner_.scan(t, prefix);
  }
  std::vector<std::pair<std::string, std::string>> tail(
      LedgerTable t, size_t limit) const override {
    return inner_.tail(t, limit);
  }
  void commit() override {
    const int crash = std::exchange(crash_, 0);
    if (crash == 1) throw Crash{};
    inner_.commit();
    if (crash == 2) throw Crash{};
  }
  void rollback() override { inner_.rollback(); }

 private:
  Ledger& inner_;
  int crash_ = 0;
};

Simulator::Simulator(Job job, Weather weather, uint64_t seed)
    : job_(std::move(job)),
      weather_(weather),
      random_(seed),
      crashing_(std::make_unique<CrashingLedger>(ledger_)) {
  for (int32_t i = 0; i < kNumSamplers; ++i) {
    workers_.push_back(make_sampler(*this, i));
  }
  workers_.push_back(make_scorer(*this));
  for (int32_t rank = 0; rank < kNumRanks; ++rank) {
    ranks_.push_back(make_rank(*this, rank));
  }
}

Simulator::~Simulator() = default;

void Simulator::run() {
  start_coordinator();
  for (auto& worker : workers_) worker->start();
  restart_learner();
  if (weather_.kill_every > 0) plan_kill();
  tick();
  uint64_t steps = 0;
  while (!coordinator_ || !coordinator_->training_done()) {
    if (events_.empty() || ++steps > kMaxEvents) {
      throw std::runtime_error(
          "the world stands still at " + std::to_string(clock_.now_seconds()) +
          " s" + (coordinator_ ? ": " + coordinator_->status().activity : ""));
    }
    const Event event = events_.top();
    events_.pop();
    clock_.advance(std::max(0.0, event.time - clock_.now_seconds()));
    event.act();
  }
  check("at the end");
}

void Simulator::at(double delay, std::function<void()> act) {
  events_.push({clock_.now_seconds() + delay, order_++, std::move(act)});
}

double Simulator::uniform(double low, double high) {
  const double unit = static_cast<double>(random_() >> 11) * 0x1.0p-53;
  return low + (high - low) * unit;
}

bool Simulator::chance(double probability) {
  return uniform(0.0, 1.0) < probability;
}

double Simulator::travel_time() {
  return chance(weather_.late) ? uniform(0.1, 8.0) : uniform(0.001, 0.02);
}

void Simulator::start_coordinator() {
  Coordinator::Parts parts;
  parts.plan = job_.plan;
  parts.data = job_.data;
  parts.config = quick_config();
  try {
    coordinator_ = std::make_unique<Coordinator>(parts, *crashing_, clock_);
  } catch (const Crash&) {
    coordinator_died();
  }
}

void Simulator::coordinator_died() {
  coordinator_.reset();
  ledger_.rollback();
  check("when the coordinator died");
  at(uniform(0.2, 2.0), [this] { start_coordinator(); });
}

void Simulator::check(const std::string& when) {
  for (const std::string& rule :
       check_invariants(ledger_, job_.plan, job_.data)) {
    broken_.push_back(when + ", " + std::to_string(clock_.now_seconds()) +
                      " s: " + rule);
  }
}

void Simulator::tick() {
  if (coordinator_) {
    try {
      coordinator_->tick();
    } catch (const Crash&) {
      coordinator_died();
    }
  }
  at(kTickSeconds, [this] { tick(); });
}

void Simulator::deliver(const Request& request,
                        const std::function<void(const Reply&)>& answer) {
  const int copies =
      chance(weather_.lose) ? 0 : (chance(weather_.duplicate) ? 2 : 1);
  for (int i = 0; i < copies; ++i) {
    at(travel_time(), [this, request, answer] {
      if (!coordinator_) return;
      try {
        const Reply reply = coordinator_->handle(request);
        if (chance(weather_.lose)) return;
        at(travel_time(), [answer, reply] { answer(reply); });
      } catch (const Crash&) {
        coordinator_died();
      }
    });
  }
}

void Simulator::restart_learner() {
  shared_ = std::make_shared<SharedLearner>();
  shared_->learner.disk = &disk_;
  shared_->start_id = "learner " + fresh_start_id();
  const double seconds = uniform(0.2, 2.0);
  for (auto& rank : ranks_) rank->kill_for(seconds);
}

void Simulator::may_damage(const std::string& checkpoint) {
  const bool saved_again =
      last_damaged_.empty() || disk_.count(last_damaged_) > 0;
  if (!saved_again || !chance(weather_.damage)) return;
  last_damaged_ = checkpoint;
  disk_.erase(checkpoint);
  ++damages_;
}

void Simulator::plan_kill() {
  const double wait = -std::log(1.0 - uniform(0.0, 1.0)) * weather_.kill_every;
  at(wait, [this] {
    if (clock_.now_seconds() > weather_.kills_until) return;
    kill_something();
    plan_kill();
  });
}

void Simulator::kill_something() {
  ++kills_;
  const auto choice = static_cast<int>(uniform(0.0, 6.0));
  if (choice <= 2) {
    workers_[static_cast<size_t>(choice)]->kill_for(uniform(0.2, 3.0));
  } else if (choice == 3) {
    restart_learner();
  } else if (choice == 4 && coordinator_) {
    coordinator_died();
  } else if (choice == 5) {
    crashing_->crash_at_next_commit(chance(0.5));
  }
}

}  // namespace ume::test
