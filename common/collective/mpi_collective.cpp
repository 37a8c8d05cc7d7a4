#include "common/collective/mpi_collective.h"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/check.h"
#include "common/error/error.h"

namespace ume {
namespace {

// Elements sent in one MPI call: counts are int, and staging stays small.
constexpr size_t kMaxElements = size_t{1} << 24;

void check(int code, const char* operation) {
  if (code == MPI_SUCCESS) {
    return;
  }
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Unavailable(std::string(operation) + " between learner ranks: " + text);
}

template <class Number>
MPI_Datatype type_of();
template <>
MPI_Datatype type_of<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype type_of<double>() {
  return MPI_DOUBLE;
}

class MpiCollective : public Collective {
 public:
  MpiCollective(int rank, int world_size, double deadline_seconds)
      : rank_(rank),
        world_size_(world_size),
        deadline_seconds_(deadline_seconds) {
    check(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  }
  // The communicator is left to MPI's end: freeing it is a collective call,
  // which a rank that fails must not wait in.
  ~MpiCollective() override = default;

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }

  void all_reduce_sum(std::span<float> values) override { sum(values); }
  void all_reduce_sum(std::span<double> values) override { sum(values); }

  void all_gather(std::span<const float> local, std::span<float> out) override {
    UME_CHECK(out.size() == local.size() * static_cast<size_t>(world_size_),
              "all_gather: out holds every rank's values");
    std::vector<float> staged;
    for (size_t first = 0; first < local.size(); first += kMaxElements) {
      const size_t count = std::min(kMaxElements, local.size() - first);
      staged.resize(count * static_cast<size_t>(world_size_));
      MPI_Request request;
      check(MPI_Iallgather(local.data() + first, static_cast<int>(count),
                           MPI_FLOAT, staged.data(), static_cast<int>(count),
                           MPI_FLOAT, comm_, &request),
            "all_gather");
      wait(request, "all_gather");
      for (size_t r = 0; r < static_cast<size_t>(world_size_); ++r) {
        std::copy_n(staged.data() + r * count, count,
                    out.data() + r * local.size() + first);
      }
    }
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    UME_CHECK(root >= 0 && root < world_size_, "broadcast: root is a rank");
    while (!bytes.empty()) {
      const size_t count = std::min(kMaxElements, bytes.size());
      MPI_Request request;
      check(MPI_Ibcast(bytes.data(), static_cast<int>(count), MPI_BYTE, root,
                       comm_, &request),
            "broadcast");
      wait(request, "broadcast");
      bytes = bytes.subspan(count);
    }
  }

  void barrier() override {
    MPI_Request request;
    check(MPI_Ibarrier(comm_, &request), "barrier");
    wait(request, "barrier");
  }

  bool all_equal(uint64_t digest) override {
    std::vector<uint64_t> all(static_cast<size_t>(world_size_));
    MPI_Request request;
    check(MPI_Iallgather(&digest, 1, MPI_UINT64_T, all.data(), 1, MPI_UINT64_T,
                         comm_, &request),
          "all_equal");
    wait(request, "all_equal");
    return std::all_of(all.begin(), all.end(),
                       [&](uint64_t other) { return other == digest; });
  }

 private:
  // Each rank sums one part of the values in rank order; then all gather the
  // parts. MPI's own reduction would choose the order by size and algorithm.
  template <class Number>
  void sum(std::span<Number> values) {
    while (!values.empty()) {
      const size_t count = std::min(kMaxElements, values.size());
      sum_chunk(values.first(count));
      values = values.subspan(count);
    }
  }

  template <class Number>
  void sum_chunk(std::span<Number> values) {
    const auto ranks = static_cast<size_t>(world_size_);
    std::vector<int> counts(ranks);
    std::vector<int> starts(ranks);
    for (size_t r = 0; r < ranks; ++r) {
      const size_t begin = values.size() * r / ranks;
      starts[r] = static_cast<int>(begin);
      counts[r] = static_cast<int>(values.size() * (r + 1) / ranks - begin);
    }
    const auto own = static_cast<size_t>(counts[static_cast<size_t>(rank_)]);
    std::vector<Number> parts(own * ranks);
    const std::vector<int> part_counts(ranks, static_cast<int>(own));
    std::vector<int> part_starts(ranks);
    for (size_t r = 0; r < ranks; ++r) {
      part_starts[r] = static_cast<int>(r * own);
    }
    const char* operation = "all_reduce_sum";
    MPI_Request request;
    check(
        MPI_Ialltoallv(values.data(), counts.data(), starts.data(),
                       type_of<Number>(), parts.data(), part_counts.data(),
                       part_starts.data(), type_of<Number>(), comm_, &request),
        operation);
    wait(request, operation);
    for (size_t r = 1; r < ranks; ++r) {
      for (size_t i = 0; i < own; ++i) {
        parts[i] = parts[i] + parts[r * own + i];
      }
    }
    check(MPI_Iallgatherv(parts.data(), static_cast<int>(own),
                          type_of<Number>(), values.data(), counts.data(),
                          starts.data(), type_of<Number>(), comm_, &request),
          operation);
    wait(request, operation);
  }

  // Tests at first without pause, then with naps that grow to a millisecond.
  void wait(MPI_Request& request, const char* operation) {
    const Deadline deadline(clock_, deadline_seconds_,
                            "the other learner ranks in " +
                                std::string(operation) + " (rank " +
                                std::to_string(rank_) + ")");
    double pause = 0.0;
    for (int tries = 0;; ++tries) {
      int done = 0;
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), operation);
      if (done != 0) {
        return;
      }
      deadline.check();
      if (tries > 20) {
        pause = std::min(1e-3, pause + 2e-5);
        nap(pause);
      }
    }
  }

  const int rank_;
  const int world_size_;
  const double deadline_seconds_;
  const SystemClock clock_;
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace

MpiSession::MpiSession() {
  int provided = 0;
  // Errors while starting end the process: there is no handler to set yet.
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided) !=
          MPI_SUCCESS ||
      provided < MPI_THREAD_SERIALIZED) {
    throw Unavailable("Open MPI cannot be started");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

MpiSession::~MpiSession() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) {
    MPI_Finalize();
  }
}

int MpiSession::rank() const {
  int rank = 0;
  check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank");
  return rank;
}

int MpiSession::world_size() const {
  int size = 0;
  check(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size");
  return size;
}

void MpiSession::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::unique_ptr<Collective> make_mpi_collective(const MpiSession& session,
                                                double deadline_seconds) {
  return std::make_unique<MpiCollective>(session.rank(), session.world_size(),
                                         deadline_seconds);
}

}  // namespace ume
