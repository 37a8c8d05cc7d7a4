#include "learner/sft/sft_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

#include "common/error/error.h"
#include "learner/sft/sft_config.h"

namespace ume {
namespace {

using Positions = std::vector<int64_t>;

SftDealing dealing(const std::string& order,
                   int64_t batch_pairs,
                   int64_t num_records,
                   uint64_t seed = 1) {
  return {order, batch_pairs, num_records, seed};
}

// The positions of `count` batches from `first` on, one after another.
Positions batches(const SftDealing& d, int64_t first, int64_t count) {
  Positions all;
  for (int64_t b = first; b < first + count; ++b) {
    const Positions part = batch_positions(d, b);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Positions sorted(Positions positions) {
  std::sort(positions.begin(), positions.end());
  return positions;
}

Positions up_to(int64_t count) {
  Positions all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST_CASE("rank_share: contiguous, complete, balanced") {
  int64_t next = 0;
  for (int r = 0; r < 3; ++r) {
    const PairRange share = rank_share(8, r, 3);
    CHECK(share.begin == next);
    CHECK(share.size() >= 2);
    CHECK(share.size() <= 3);
    next = share.end;
  }
  CHECK(next == 8);
  CHECK(rank_share(1, 0, 2).size() + rank_share(1, 1, 2).size() == 1);
}

TEST_CASE("order file: the file's order, starting again after the last") {
  // Whatever the seed: published data has an order.
  for (const uint64_t seed : {0, 1, 2}) {
    CHECK(batch_positions(dealing("file", 3, 5, seed), 0) ==
          Positions{0, 1, 2});
    CHECK(batch_positions(dealing("file", 3, 5, seed), 1) ==
          Positions{3, 4, 0});
    CHECK(batch_positions(dealing("file", 3, 1, seed), 0) ==
          Positions{0, 0, 0});
  }
  CHECK(SftConfig{}.order == "file");
}

TEST_CASE("order batches: batches of the file stay whole, each once an epoch") {
  const SftDealing d = dealing("batches", 4, 43);  // 10 batches and 3 records
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    for (int64_t b = 10 * epoch; b < 10 * (epoch + 1); ++b) {
      const Positions batch = batch_positions(d, b);
      REQUIRE(batch.size() == 4);
      CHECK(batch[0] % 4 == 0);
      for (int64_t i = 0; i < 4; ++i) CHECK(batch[i] == batch[0] + i);
    }
    CHECK(sorted(batches(d, 10 * epoch, 10)) == up_to(40));
  }
  CHECK(batches(d, 0, 10) != up_to(40));
  CHECK(batches(d, 0, 10) != batches(d, 10, 10));
}

TEST_CASE("order records: every record at most once an epoch") {
  const SftDealing d = dealing("records", 4, 40);
  CHECK(sorted(batches(d, 0, 10)) == up_to(40));
  CHECK(sorted(batches(d, 10, 10)) == up_to(40));
  CHECK(batches(d, 0, 10) != batches(d, 10, 10));
  // 43 records: three are left out, not always the same ones.
  const SftDealing uneven = dealing("records", 4, 43);
  const Positions first = batches(uneven, 0, 10);
  const std::set<int64_t> distinct(first.begin(), first.end());
  CHECK(distinct.size() == 40);
  CHECK(*distinct.rbegin() < 43);
  CHECK(sorted(first) != sorted(batches(uneven, 10, 10)));
}

TEST_CASE("a drawn order is a pure function of seed and batch") {
  for (const char* order : {"batches", "records"}) {
    INFO(order);
    const SftDealing d = dealing(order, 4, 80, 7);
    CHECK(batches(d, 0, 30) == batches(dealing(order, 4, 80, 7), 0, 30));
    CHECK(batches(d, 0, 30) != batches(dealing(order, 4, 80, 8), 0, 30));
    // A run that goes on at batch 13 sees what it would have seen.
    Positions resumed = batches(d, 0, 13);
    const Positions rest = batches(d, 13, 17);
    resumed.insert(resumed.end(), rest.begin(), rest.end());
    CHECK(resumed == batches(d, 0, 30));
  }
}

TEST_CASE("a file that does not fill one batch is refused by name") {
  CHECK_NOTHROW(check_dealing(dealing("file", 4, 1), "a.jsonl"));
  CHECK_NOTHROW(check_dealing(dealing("batches", 4, 4), "a.jsonl"));
  CHECK_THROWS_WITH(check_dealing(dealing("file", 4, 0), "a.jsonl"),
                    Catch::Contains("a.jsonl: expected at least 1 ") &&
                        Catch::Contains("found 0"));
  CHECK_THROWS_WITH(check_dealing(dealing("batches", 4, 3), "a.jsonl"),
                    Catch::Contains("a.jsonl: expected at least 4 ") &&
                        Catch::Contains("batches") &&
                        Catch::Contains("found 3"));
  SftConfig config;
  config.order = "random";
  CHECK_THROWS_WITH(config.validate(),
                    Catch::Contains("sft.order") && Catch::Contains("records"));
}

}  // namespace
}  // namespace ume
