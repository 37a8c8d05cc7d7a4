#include "common/random/philox.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "common/error/error.h"

using namespace ume;

// Known answers: the kat_vectors file of the authors' Random123 distribution.
TEST_CASE("philox4x32-10: the authors' known answers") {
  using Counter = std::array<uint32_t, 4>;
  using Key = std::array<uint32_t, 2>;
  CHECK(philox4x32(Counter{}, Key{}) ==
        Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const uint32_t ones = 0xffffffff;
  CHECK(philox4x32(Counter{ones, ones, ones, ones}, Key{ones, ones}) ==
        Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   Key{0xa4093822, 0x299f31d0}) ==
        Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform: every part of the key and the position changes the draw") {
  const SampleKey base{7, 11, 0, 3};
  std::set<double> draws = {uniform(base, 5)};
  for (const SampleKey& key :
       {SampleKey{8, 11, 0, 3}, SampleKey{7, 12, 0, 3}, SampleKey{7, 11, 1, 3},
        SampleKey{7, 11, 0, 4}, SampleKey{7, 11 + (1ULL << 32), 0, 3},
        SampleKey{7, 11, 0, 3, 1}}) {
    draws.insert(uniform(key, 5));
  }
  draws.insert(uniform(base, 6));
  CHECK(draws.size() == 8);
  CHECK(uniform(base, 5) == uniform(base, 5));
}

TEST_CASE("uniform: stays in [0, 1) and fills it evenly") {
  std::array<int, 10> bins{};
  double sum = 0.0;
  for (uint64_t position = 0; position < 10'000; ++position) {
    const double draw = uniform(SampleKey{1, 2, 1, 0}, position);
    REQUIRE(draw >= 0.0);
    REQUIRE(draw < 1.0);
    sum += draw;
    ++bins[static_cast<size_t>(draw * 10)];
  }
  // Mean: standard error 0.2887 / 100; bins: 1000 +- 30.
  CHECK(sum / 10'000 == Approx(0.5).margin(5 * 0.0029));
  for (int bin : bins) {
    CHECK(std::abs(bin - 1000) < 150);
  }
}

TEST_CASE("uniform: refuses what its counter cannot hold") {
  CHECK_THROWS_AS(uniform(SampleKey{0, 0, 256, 0}, 0), InvalidInput);
  CHECK_THROWS_AS(uniform(SampleKey{0, 0, 0, 1u << 24}, 0), InvalidInput);
  CHECK_THROWS_AS(uniform(SampleKey{0, 0, 0, 0, 1u << 12}, 0), InvalidInput);
  CHECK_THROWS_AS(uniform(SampleKey{}, uint64_t{1} << 20), InvalidInput);
}

TEST_CASE("random stream: a name gives one sequence, another name another") {
  RandomStream first(1, 2, 3);
  RandomStream same(1, 2, 3);
  RandomStream other(1, 2, 4);
  const uint64_t draw = first.next_u64();
  CHECK(draw == same.next_u64());
  CHECK(draw != other.next_u64());
  CHECK(first.next_u64() != draw);
}

TEST_CASE("random stream: below() reaches every value and no other") {
  RandomStream stream(5);
  std::array<int, 3> counts{};
  for (int i = 0; i < 3000; ++i) {
    ++counts.at(stream.below(3));
  }
  for (int count : counts) {
    CHECK(std::abs(count - 1000) < 150);
  }
}

TEST_CASE("random stream: normal draws have mean 0 and variance 1") {
  RandomStream stream(9);
  double sum = 0.0;
  double squares = 0.0;
  for (int i = 0; i < 10'000; ++i) {
    const double draw = stream.normal();
    sum += draw;
    squares += draw * draw;
  }
  CHECK(sum / 10'000 == Approx(0.0).margin(0.05));
  CHECK(squares / 10'000 == Approx(1.0).margin(0.08));
}

TEST_CASE("permutation: holds every number once, in an order of its epoch") {
  const auto order = permutation(100, 42, 0);
  CHECK(order == permutation(100, 42, 0));
  CHECK(order != permutation(100, 42, 1));
  CHECK(order != permutation(100, 43, 0));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (uint64_t i = 0; i < 100; ++i) {
    CHECK(sorted[i] == i);
  }
  CHECK(permutation(0, 1, 1).empty());
}
