#pragma once

#include <functional>
#include <memory>

#include "tests/coordinator/simulator.h"

namespace ume::test {

// A process that sends one request at a time, and sends it again until there is
// an answer.
class SimulatedRole {
 public:
  explicit SimulatedRole(Simulator& world) : world_(world) {}
  virtual ~SimulatedRole() = default;

  void kill_for(double seconds) {
    ++life_;
    later(seconds, [this] { start(); });
  }
  void end() { ++life_; }
  virtual void start() = 0;

 protected:
  using OnReply = std::function<void(const Reply&)>;

  void ask(const Request& request, OnReply on_reply) {
    send(request, ++asked_, std::move(on_reply));
  }
  // Without waiting for an answer.
  void tell(const Request& request) {
    world_.deliver(request, [](const Reply&) {});
  }
  // If it still lives then.
  void later(double seconds, std::function<void()> act) {
    world_.at(seconds, [this, life = life_, act = std::move(act)] {
      if (life == life_) act();
    });
  }

  Simulator& world_;

 private:
  void send(const Request& request, uint64_t asked, OnReply on_reply);

  uint64_t life_ = 0;
  uint64_t asked_ = 0;
};

std::unique_ptr<SimulatedRole> make_sampler(Simulator& world, int32_t index);
std::unique_ptr<SimulatedRole> make_scorer(Simulator& world);
std::unique_ptr<SimulatedRole> make_rank(Simulator& world, int32_t rank);

}  // namespace ume::test
