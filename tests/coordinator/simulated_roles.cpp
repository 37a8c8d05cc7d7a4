#include "tests/coordinator/simulated_roles.h"

namespace ume::test {
namespace {

constexpr double kReplyTimeoutSeconds = 1.0;

class Sampler : public SimulatedRole {
 public:
  Sampler(Simulator& world, int32_t index)
      : SimulatedRole(world), index_(index) {}

  void start() override {
    RegisterRequest request;
    request.role = Role::kRollout;
    request.index = index_;
    request.start_id = world_.fresh_start_id();
    ask(request, [this](const Reply&) { next(); });
  }

 private:
  void next() {
    ask(LeaseRequest{index_}, [this](const Reply& reply) {
      if (const auto* wait = std::get_if<WaitReply>(&reply)) {
        later(wait->seconds, [this] { next(); });
      } else if (const auto* lease = std::get_if<LeaseReply>(&reply)) {
        sample(*lease);
      } else {
        end();
      }
    });
  }

  void sample(const LeaseReply& lease) {
    const bool hangs = world_.chance(world_.weather().hang);
    if (!hangs) {
      later(1.0, [this, lease] {
        tell(RenewRequest{index_, lease.group, lease.fencing});
      });
    }
    const double seconds = world_.uniform(0.05, 2.0) + (hangs ? 6.0 : 0.0);
    later(seconds, [this, lease] {
      ask(GroupResultRequest{index_, fake_result(lease)},
          [this](const Reply&) { next(); });
    });
  }

  int32_t index_;
};

class Scorer : public SimulatedRole {
 public:
  using SimulatedRole::SimulatedRole;

  void start() override {
    RegisterRequest request;
    request.role = Role::kReward;
    request.start_id = world_.fresh_start_id();
    ask(request, [this](const Reply&) { next(); });
  }

 private:
  void next() {
    ask(CohortRequest{kPolicyHash}, [this](const Reply& reply) {
      if (const auto* wait = std::get_if<WaitReply>(&reply)) {
        later(wait->seconds, [this] { next(); });
      } else if (const auto* offer = std::get_if<CohortReply>(&reply)) {
        score(*offer);
      } else {
        end();
      }
    });
  }

  void score(const CohortReply& offer) {
    later(world_.uniform(0.01, 0.5), [this, offer] {
      ask(RewardResultRequest{offer.cohort.id, fake_rewards(offer)},
          [this](const Reply&) { next(); });
    });
  }
};

// As under MPI: one rank's end is everyone's.
class Rank : public SimulatedRole {
 public:
  Rank(Simulator& world, int32_t rank) : SimulatedRole(world), rank_(rank) {}

  void start() override {
    shared_ = world_.shared_learner();
    sequence_ = 0;
    RegisterRequest request;
    request.role = Role::kLearner;
    request.index = rank_;
    request.world_size = Simulator::kNumRanks;
    request.start_id = shared_->start_id;
    ask(request, [this](const Reply& reply) {
      const auto* registered = std::get_if<RegisterReply>(&reply);
      if (registered == nullptr) {
        world_.restart_learner();
        return;
      }
      incarnation_ = registered->incarnation;
      next();
    });
  }

 private:
  void next() {
    const WorkRequest request{incarnation_, rank_, sequence_};
    ask(request, [this](const Reply& reply) {
      if (const auto* wait = std::get_if<WaitReply>(&reply)) {
        later(wait->seconds, [this] { next(); });
      } else if (const auto* work = std::get_if<WorkReply>(&reply)) {
        shared_->gathered[sequence_][rank_] = *work;
        later(world_.uniform(0.05, 1.0), [this] { join(); });
      } else if (std::holds_alternative<StopReply>(reply)) {
        end();
      } else {
        world_.restart_learner();
      }
    });
  }

  // Waits for the other ranks, as a collective does.
  void join() {
    const auto& gathered = shared_->gathered[sequence_];
    if (static_cast<int32_t>(gathered.size()) < Simulator::kNumRanks) {
      later(0.05, [this] { join(); });
      return;
    }
    if (shared_->num_done == sequence_) {
      work(gathered);
      ++shared_->num_done;
    }
    ask(fake_report(shared_->learner, gathered.at(rank_), incarnation_, rank_),
        [this](const Reply& reply) {
          if (!std::holds_alternative<AckReply>(reply)) {
            world_.restart_learner();
            return;
          }
          ++sequence_;
          next();
        });
  }

  void work(const std::map<int32_t, WorkReply>& gathered) {
    FakeLearner& learner = shared_->learner;
    const auto& item = gathered.begin()->second.item;
    if (const auto* begin = std::get_if<BeginPhaseItem>(&item)) {
      if (!begin->resume.empty()) world_.may_damage(begin->resume);
      learner.begin(*begin);
    } else if (const auto* sft = std::get_if<SftStepsItem>(&item)) {
      learner.sft(*sft);
    } else if (const auto* save = std::get_if<SaveCheckpointItem>(&item)) {
      learner.save(*save);
    } else {
      std::vector<GrpoUpdateItem> slices;
      for (const auto& [rank, work] : gathered) {
        slices.push_back(std::get<GrpoUpdateItem>(work.item));
      }
      learner.grpo(slices);
    }
  }

  int32_t rank_;
  uint32_t incarnation_ = 0;
  uint64_t sequence_ = 0;
  std::shared_ptr<SharedLearner> shared_;
};

}  // namespace

void SimulatedRole::send(const Request& request,
                         uint64_t asked,
                         OnReply on_reply) {
  const uint64_t life = life_;
  world_.deliver(request, [this, life, asked, on_reply](const Reply& reply) {
    if (life != life_ || asked != asked_) return;  // an earlier question's
    ++asked_;
    on_reply(reply);
  });
  later(kReplyTimeoutSeconds, [this, request, asked, on_reply] {
    if (asked == asked_) send(request, asked, on_reply);
  });
}

std::unique_ptr<SimulatedRole> make_sampler(Simulator& world, int32_t index) {
  return std::make_unique<Sampler>(world, index);
}
std::unique_ptr<SimulatedRole> make_scorer(Simulator& world) {
  return std::make_unique<Scorer>(world);
}
std::unique_ptr<SimulatedRole> make_rank(Simulator& world, int32_t rank) {
  return std::make_unique<Rank>(world, rank);
}

}  // namespace ume::test
