#include "reward/internal/stripe.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "common/random/philox.h"

using namespace ume;

namespace {

// How many own columns a sort puts among the first ones.
int64_t sorted_hits(const Stripe& stripe, int64_t lane) {
  const auto at = [&](int64_t k) { return stripe.values[k * kLanes + lane]; };
  std::vector<int64_t> order(stripe.num_columns);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return at(a) > at(b); });
  const int64_t first = stripe.own_end - stripe.own_begin;
  return std::count_if(order.begin(), order.begin() + first, [&](int64_t k) {
    return k >= stripe.own_begin && k < stripe.own_end;
  });
}

}  // namespace

TEST_CASE("hits, sums and the hardest negative agree with a sort, ties too") {
  RandomStream random(3, 1, 4);
  for (int round = 0; round < 400; ++round) {
    const int64_t columns = 2 + static_cast<int64_t>(random.below(40));
    const int64_t own = 1 + static_cast<int64_t>(random.below(columns - 1));
    const int64_t begin = static_cast<int64_t>(random.below(columns - own + 1));
    const uint64_t levels = round % 2 == 0 ? 4 : 1000;  // many ties, or few
    std::vector<float> values(columns * kLanes);
    for (float& x : values) {
      x = static_cast<float>(random.below(levels)) / levels - 0.5f;
    }
    const Stripe stripe{values.data(), columns, begin, begin + own};
    const StripeComparison out = compare_stripe(stripe);
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      REQUIRE(out.hits[lane] == sorted_hits(stripe, lane));
      double sums[2] = {0.0, 0.0};
      float hardest = -2.0f;
      for (int64_t k = 0; k < columns; ++k) {
        const float x = values[k * kLanes + lane];
        const bool is_own = k >= begin && k < begin + own;
        sums[is_own] += x;
        if (!is_own) hardest = std::max(hardest, x);
      }
      REQUIRE(out.own_sum[lane] == sums[1]);
      REQUIRE(out.other_sum[lane] == sums[0]);
      REQUIRE(out.hardest[lane] == hardest);
    }
  }
}
