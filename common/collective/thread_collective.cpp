#include "common/collective/thread_collective.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

// What one rank brings to an operation. Borrowed until all have read it.
struct Contribution {
  const char* operation = "";
  const void* data = nullptr;
  size_t num_bytes = 0;
};

// Where the ranks' threads meet.
class Meeting {
 public:
  Meeting(int world_size, double deadline_seconds)
      : deadline_seconds_(deadline_seconds),
        contributions_(static_cast<size_t>(world_size)) {}

  int world_size() const { return static_cast<int>(contributions_.size()); }

  // Puts the rank's contribution down and waits for those of all others.
  // Returns them, by rank; they stay until this rank calls leave().
  const std::vector<Contribution>& enter(int rank, Contribution own) {
    contributions_[static_cast<size_t>(rank)] = own;
    wait_for_all(rank, own.operation);
    for (const Contribution& other : contributions_) {
      if (std::strcmp(other.operation, own.operation) != 0 ||
          other.num_bytes != own.num_bytes) {
        throw InvalidInput("ranks disagree: rank " + std::to_string(rank) +
                           " called " + own.operation + " with " +
                           std::to_string(own.num_bytes) +
                           " bytes, another rank " + other.operation +
                           " with " + std::to_string(other.num_bytes));
      }
    }
    return contributions_;
  }

  // Waits until all have read the contributions.
  void leave(int rank, const char* operation) { wait_for_all(rank, operation); }

  // Makes all present and later waits fail.
  void give_up(const std::string& reason) {
    std::lock_guard lock(mu_);
    if (broken_.empty()) {
      broken_ = reason;
    }
    changed_.notify_all();
  }

 private:
  void wait_for_all(int rank, const char* operation) {
    std::unique_lock lock(mu_);
    check_whole(operation);
    const uint64_t round = round_;
    if (++num_arrived_ == world_size()) {
      num_arrived_ = 0;
      ++round_;
      changed_.notify_all();
      return;
    }
    const bool in_time = changed_.wait_for(
        lock, std::chrono::duration<double>(deadline_seconds_),
        [&] { return round_ != round || !broken_.empty(); });
    if (round_ != round) {
      return;  // all came, even if one has left since
    }
    if (!in_time) {
      broken_ = "rank " + std::to_string(rank) + " waited too long";
      changed_.notify_all();
      throw DeadlineExceeded("rank " + std::to_string(rank) + " waited " +
                             short_number(deadline_seconds_) +
                             " s for the other ranks in " + operation);
    }
    check_whole(operation);
  }

  void check_whole(const char* operation) const {
    if (!broken_.empty()) {
      throw Unavailable(std::string(operation) + ": " + broken_);
    }
  }

  const double deadline_seconds_;
  std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_:
  int num_arrived_ = 0;
  uint64_t round_ = 0;
  std::string broken_;
  // Each written by its rank before a round and read by all within it.
  std::vector<Contribution> contributions_;
};

class ThreadCollective : public Collective {
 public:
  ThreadCollective(std::shared_ptr<Meeting> meeting, int rank)
      : meeting_(std::move(meeting)), rank_(rank) {}
  ~ThreadCollective() override {
    meeting_->give_up("rank " + std::to_string(rank_) + " has left");
  }

  int rank() const override { return rank_; }
  int world_size() const override { return meeting_->world_size(); }

  void all_reduce_sum(std::span<float> values) override {
    sum(values, "all_reduce_sum(float)");
  }
  void all_reduce_sum(std::span<double> values) override {
    sum(values, "all_reduce_sum(double)");
  }

  void all_gather(std::span<const float> local, std::span<float> out) override {
    UME_CHECK(out.size() == local.size() * static_cast<size_t>(world_size()),
              "all_gather: out holds every rank's values");
    const char* operation = "all_gather";
    size_t offset = 0;
    for (const Contribution& part : meeting_->enter(
             rank_, {operation, local.data(), local.size_bytes()})) {
      copy(out.data() + offset, part.data, part.num_bytes);
      offset += local.size();
    }
    meeting_->leave(rank_, operation);
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    UME_CHECK(root >= 0 && root < world_size(), "broadcast: root is a rank");
    const char* operation = "broadcast";
    const Contribution& part =
        meeting_->enter(rank_, {operation, bytes.data(), bytes.size()})
            .at(static_cast<size_t>(root));
    if (root != rank_) {
      copy(bytes.data(), part.data, part.num_bytes);
    }
    meeting_->leave(rank_, operation);
  }

  void barrier() override {
    meeting_->enter(rank_, {"barrier", nullptr, 0});
    meeting_->leave(rank_, "barrier");
  }

  bool all_equal(uint64_t digest) override {
    const char* operation = "all_equal";
    bool equal = true;
    for (const Contribution& part :
         meeting_->enter(rank_, {operation, &digest, sizeof(digest)})) {
      equal = equal && std::memcmp(part.data, &digest, sizeof(digest)) == 0;
    }
    meeting_->leave(rank_, operation);
    return equal;
  }

 private:
  static void copy(void* to, const void* from, size_t num_bytes) {
    if (num_bytes > 0) {
      std::memcpy(to, from, num_bytes);
    }
  }

  template <class Number>
  void sum(std::span<Number> values, const char* operation) {
    std::vector<Number> total(values.size());
    bool first = true;
    for (const Contribution& part : meeting_->enter(
             rank_, {operation, values.data(), values.size_bytes()})) {
      const auto* numbers = static_cast<const Number*>(part.data);
      for (size_t i = 0; i < total.size(); ++i) {
        total[i] = first ? numbers[i] : total[i] + numbers[i];
      }
      first = false;
    }
    meeting_->leave(rank_, operation);  // nobody reads `values` any more
    std::copy(total.begin(), total.end(), values.begin());
  }

  const std::shared_ptr<Meeting> meeting_;
  const int rank_;
};

}  // namespace

std::vector<std::unique_ptr<Collective>> make_thread_collectives(
    int world_size, double deadline_seconds) {
  UME_CHECK(world_size > 0, "a group has at least one rank");
  auto meeting = std::make_shared<Meeting>(world_size, deadline_seconds);
  std::vector<std::unique_ptr<Collective>> ranks;
  for (int rank = 0; rank < world_size; ++rank) {
    ranks.push_back(std::make_unique<ThreadCollective>(meeting, rank));
  }
  return ranks;
}

std::unique_ptr<Collective> make_single_collective() {
  return std::move(make_thread_collectives(1).front());
}

}  // namespace ume
