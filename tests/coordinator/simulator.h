#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "coordinator/coordinator.h"
#include "coordinator/memory_ledger.h"
#include "tests/coordinator/fake_roles.h"

namespace ume::test {

class SimulatedRole;
class CrashingLedger;

// How hostile a simulated world is. Times are in virtual seconds.
struct Weather {
  double lose = 0.0;        // chance that a message is lost
  double duplicate = 0.0;   // chance that it comes twice
  double late = 0.0;        // chance that it comes up to 8 s late
  double hang = 0.0;        // chance that a sampler stands still past its lease
  double kill_every = 0.0;  // mean time between kills of some role; 0: never
  double kills_until = 60.0;
  double damage = 0.0;  // chance that a checkpoint is damaged when it is needed
};

// One start of all learner ranks: what their collectives would share.
struct SharedLearner {
  FakeLearner learner;
  std::string start_id;
  std::map<uint64_t, std::map<int32_t, WorkReply>> gathered;  // by sequence
  uint64_t num_done = 0;
};

// Coordinator, two samplers, a reward service and two learner ranks in virtual
// time: one thread, one seed, one order of events.
class Simulator {
 public:
  Simulator(Job job, Weather weather, uint64_t seed);
  ~Simulator();

  // Until training is done. Throws when the world stands still.
  void run();

  const Ledger& ledger() const { return ledger_; }
  const Job& job() const { return job_; }
  int64_t kills() const { return kills_; }
  int64_t damages() const { return damages_; }
  // Broken invariants, with the moment; looked for at each restart of the
  // coordinator and at the end.
  const std::vector<std::string>& broken() const { return broken_; }

  // For the roles.
  static constexpr int32_t kNumRanks = 2;
  void at(double delay, std::function<void()> act);
  bool chance(double probability);
  double uniform(double low, double high);
  std::string fresh_start_id() { return std::to_string(++starts_); }
  const Weather& weather() const { return weather_; }
  // Through the simulated network, there and back.
  void deliver(const Request& request,
               const std::function<void(const Reply&)>& answer);
  // Ends all ranks and starts them anew a little later.
  void restart_learner();
  // Of two checkpoints in a row, at most one is ever damaged.
  void may_damage(const std::string& checkpoint);
  const std::shared_ptr<SharedLearner>& shared_learner() const {
    return shared_;
  }

 private:
  struct Event {
    double time;
    uint64_t order;
    std::function<void()> act;
    // The queue gives the greatest first: the earliest.
    bool operator<(const Event& other) const {
      return std::tie(other.time, other.order) < std::tie(time, order);
    }
  };

  double travel_time();
  void start_coordinator();
  void coordinator_died();
  void tick();
  void check(const std::string& when);
  void plan_kill();
  void kill_something();

  Job job_;
  Weather weather_;
  std::mt19937_64 random_;
  ManualClock clock_;
  std::priority_queue<Event> events_;
  uint64_t order_ = 0;
  uint64_t starts_ = 0;
  int64_t kills_ = 0;
  int64_t damages_ = 0;
  std::string last_damaged_;
  std::vector<std::string> broken_;

  MemoryLedger ledger_;
  std::unique_ptr<CrashingLedger> crashing_;
  std::unique_ptr<Coordinator> coordinator_;
  std::map<std::string, std::pair<std::string, uint64_t>> disk_;
  std::shared_ptr<SharedLearner> shared_;
  std::vector<std::unique_ptr<SimulatedRole>> workers_;  // and the scorer, last
  std::vector<std::unique_ptr<SimulatedRole>> ranks_;
};

}  // namespace ume::test
