#include "common/collective/thread_collective.h"

#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "common/error/error.h"
#include "tests/common/collective/collective_exercise.h"

using namespace ume;

namespace {

// Runs `body` on one thread per rank; a rank that throws leaves the group.
// Returns each rank's exception text, empty where it ended well.
std::vector<std::string> run_ranks(
    int world_size,
    double deadline_seconds,
    const std::function<void(Collective&)>& body) {
  auto ranks = make_thread_collectives(world_size, deadline_seconds);
  std::vector<std::string> errors(ranks.size());
  std::vector<std::thread> threads;
  for (size_t r = 0; r < ranks.size(); ++r) {
    threads.emplace_back([&, r] {
      try {
        body(*ranks[r]);
      } catch (const std::exception& error) {
        errors[r] = error.what();
        ranks[r].reset();
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  return errors;
}

}  // namespace

TEST_CASE("thread collective: operations give what their names say") {
  const auto errors = run_ranks(3, 60.0, [](Collective& ranks) {
    const auto rank = static_cast<float>(ranks.rank());
    std::vector<float> values = {rank, 10 * rank};
    ranks.all_reduce_sum(std::span(values));
    std::vector<float> gathered(3);
    ranks.all_gather(std::vector<float>{rank}, gathered);
    std::vector<std::byte> bytes(2, static_cast<std::byte>(ranks.rank()));
    ranks.broadcast(bytes, 2);
    if (values != std::vector<float>{3, 30} ||
        gathered != std::vector<float>{0, 1, 2} ||
        bytes != std::vector<std::byte>(2, std::byte{2}) ||
        !ranks.all_equal(7) || ranks.all_equal(ranks.rank() == 1)) {
      throw std::logic_error("wrong result");
    }
  });
  CHECK(errors == std::vector<std::string>(3));
}

TEST_CASE("thread collective: sums are taken in the order of the ranks") {
  // In float, (1e8 + 1) - 1e8 is 0 and (1e8 - 1e8) + 1 is 1.
  std::vector<float> sums(3);
  run_ranks(3, 60.0, [&](Collective& ranks) {
    const float parts[] = {1e8f, 1.0f, -1e8f};
    std::vector<float> value = {parts[ranks.rank()]};
    ranks.all_reduce_sum(std::span(value));
    sums[static_cast<size_t>(ranks.rank())] = value[0];
  });
  CHECK(sums == std::vector<float>{0, 0, 0});
}

TEST_CASE("thread collective: all ranks see the same bits, every time") {
  std::vector<std::string> digests(4);
  for (int repeat = 0; repeat < 3; ++repeat) {
    const std::string before = digests[0];
    run_ranks(4, 60.0, [&](Collective& ranks) {
      digests[static_cast<size_t>(ranks.rank())] = exercise_collective(ranks);
    });
    CHECK(digests == std::vector<std::string>(4, digests[0]));
    CHECK_FALSE(digests[0].empty());
    CHECK((repeat == 0 || digests[0] == before));
  }
}

TEST_CASE("thread collective: a rank that fails wakes the others at once") {
  const auto errors = run_ranks(3, 60.0, [](Collective& ranks) {
    ranks.barrier();
    if (ranks.rank() == 1) {
      throw std::runtime_error("lost");
    }
    ranks.barrier();
  });
  CHECK(errors[0] == "barrier: rank 1 has left");
  CHECK(errors[1] == "lost");
  CHECK(errors[2] == "barrier: rank 1 has left");
}

TEST_CASE("thread collective: a rank that never comes runs into the deadline") {
  auto ranks = make_thread_collectives(2, 0.01);
  CHECK_THROWS_AS(ranks[0]->barrier(), DeadlineExceeded);
  CHECK_THROWS_AS(ranks[1]->barrier(), Unavailable);
}

TEST_CASE("thread collective: ranks that disagree are told") {
  const auto errors = run_ranks(2, 60.0, [](Collective& ranks) {
    std::vector<float> values(ranks.rank() == 0 ? 3 : 4);
    ranks.all_reduce_sum(std::span(values));
  });
  CHECK_THAT(errors[0], Catch::Contains("ranks disagree"));
  CHECK_THAT(errors[1], Catch::Contains("ranks disagree"));
}

TEST_CASE("single collective: every operation is the identity") {
  const auto alone = make_single_collective();
  std::vector<double> values = {1.5, -2.0};
  alone->all_reduce_sum(std::span(values));
  alone->barrier();
  CHECK(values == std::vector<double>{1.5, -2.0});
  CHECK(alone->all_equal(3));
  CHECK(alone->world_size() == 1);
}
