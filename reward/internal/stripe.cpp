#include "reward/internal/stripe.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

namespace ume {
namespace {

struct Range {
  int64_t begin;
  int64_t end;
};

struct Sums {
  double own[kLanes];
  double other[kLanes];
  float hardest[kLanes];
};

UME_WIDE_BODY const StoredFloats& column(const Stripe& stripe, int64_t k) {
  return *reinterpret_cast<const StoredFloats*>(stripe.values + k * kLanes);
}

// Sums of one column after the other, so that they do not depend on how many
// numbers the processor adds at a time.
struct WideSums {
  Doubles low = {};
  Doubles high = {};
};

UME_WIDE_BODY void add_column(const float* values, WideSums& sums) {
  Doubles low;
  Doubles high;
  widen(values, low);
  widen(values + kHalf, high);
  sums.low += low;
  sums.high += high;
}

UME_WIDE_BODY void store(const WideSums& sums, double* out) {
  __builtin_memcpy(out, &sums.low, sizeof sums.low);
  __builtin_memcpy(out + kHalf, &sums.high, sizeof sums.high);
}

UME_WIDE_BODY void sum_body(const Stripe& stripe, Sums& out) {
  WideSums own;
  WideSums other;
  Floats hardest = {};
  hardest -= std::numeric_limits<float>::infinity();
  for (int64_t k = stripe.own_begin; k < stripe.own_end; ++k) {
    add_column(stripe.values + k * kLanes, own);
  }
  for (const Range& range : {Range{0, stripe.own_begin},
                             Range{stripe.own_end, stripe.num_columns}}) {
    for (int64_t k = range.begin; k < range.end; ++k) {
      add_column(stripe.values + k * kLanes, other);
      const Floats x = column(stripe, k);
      hardest = x > hardest ? x : hardest;
    }
  }
  store(own, out.own);
  store(other, out.other);
  __builtin_memcpy(out.hardest, &hardest, sizeof hardest);
}

// Columns of other pairs before own ones of these similarities: an equal one
// counts on the left of the own columns only.
UME_WIDE_BODY void count_body(const Stripe& stripe,
                              const float* bound,
                              int32_t* out) {
  const Floats limit = *reinterpret_cast<const StoredFloats*>(bound);
  // A comparison that holds is -1. Two counters, so that an addition need not
  // wait for the one before.
  Counts even = {};
  Counts odd = {};
  int64_t k = 0;
  for (; k + 4 <= stripe.own_begin; k += 4) {
    even += column(stripe, k) >= limit;
    odd += column(stripe, k + 1) >= limit;
    even += column(stripe, k + 2) >= limit;
    odd += column(stripe, k + 3) >= limit;
  }
  for (; k < stripe.own_begin; ++k) even += column(stripe, k) >= limit;
  k = stripe.own_end;
  for (; k + 4 <= stripe.num_columns; k += 4) {
    even += column(stripe, k) > limit;
    odd += column(stripe, k + 1) > limit;
    even += column(stripe, k + 2) > limit;
    odd += column(stripe, k + 3) > limit;
  }
  for (; k < stripe.num_columns; ++k) even += column(stripe, k) > limit;
  even = -(even + odd);
  __builtin_memcpy(out, &even, sizeof even);
}

// The most own columns that are sorted all lanes at once.
constexpr int64_t kFewOwn = 32;

// Each lane from the most similar down: neighbours change places, column after
// column, until the least one of those left is last.
UME_WIDE_BODY void sort_body(float* sorted, int64_t count) {
  for (int64_t last = count - 1; last > 0; --last) {
    StoredFloats* at = reinterpret_cast<StoredFloats*>(sorted);
    Floats least = at[0];
    for (int64_t k = 1; k <= last; ++k) {
      const Floats x = at[k];
      at[k - 1] = x > least ? x : least;
      least = x > least ? least : x;
    }
    at[last] = least;
  }
}

UME_AVX2 void sum_avx2(const Stripe& stripe, Sums& out) {
  sum_body(stripe, out);
}
UME_AVX2 void count_avx2(const Stripe& stripe,
                         const float* bound,
                         int32_t* out) {
  count_body(stripe, bound, out);
}
UME_AVX2 void sort_avx2(float* sorted, int64_t count) {
  sort_body(sorted, count);
}

Sums sum_columns(const Stripe& stripe) {
  Sums out;
  has_avx2() ? sum_avx2(stripe, out) : sum_body(stripe, out);
  return out;
}

std::array<int32_t, kLanes> count_before(const Stripe& stripe,
                                         const float* bound) {
  std::array<int32_t, kLanes> out;
  has_avx2() ? count_avx2(stripe, bound, out.data())
             : count_body(stripe, bound, out.data());
  return out;
}

// [own, kLanes], each lane from the most similar down.
std::vector<float> sorted_own(const Stripe& stripe) {
  const int64_t count = stripe.own_end - stripe.own_begin;
  const float* own = stripe.values + stripe.own_begin * kLanes;
  std::vector<float> sorted(own, own + count * kLanes);
  if (count <= kFewOwn) {
    has_avx2() ? sort_avx2(sorted.data(), count)
               : sort_body(sorted.data(), count);
    return sorted;
  }
  std::vector<float> lane(static_cast<size_t>(count));
  for (int64_t l = 0; l < kLanes; ++l) {
    for (int64_t k = 0; k < count; ++k) lane[k] = own[k * kLanes + l];
    std::sort(lane.begin(), lane.end(), std::greater<>());
    for (int64_t k = 0; k < count; ++k) sorted[k * kLanes + l] = lane[k];
  }
  return sorted;
}

// The h-th most similar own column (from 1) is among the K first of all when at
// most K - h others come before it, and then so are the more similar own ones:
// the largest such h is found by bisection, all lanes at once.
std::array<int64_t, kLanes> count_hits(const Stripe& stripe) {
  const int64_t num_own = stripe.own_end - stripe.own_begin;
  const std::vector<float> own = sorted_own(stripe);
  std::array<int64_t, kLanes> low{};
  std::array<int64_t, kLanes> high{};
  high.fill(num_own);
  for (int64_t width = num_own; width > 0; width /= 2) {
    std::array<int64_t, kLanes> middle;
    float bound[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) {
      middle[l] = (low[l] + high[l] + 1) / 2;
      bound[l] = own[std::max<int64_t>(middle[l] - 1, 0) * kLanes + l];
    }
    const std::array<int32_t, kLanes> before = count_before(stripe, bound);
    for (int64_t l = 0; l < kLanes; ++l) {
      if (low[l] == high[l]) continue;
      if (before[l] <= num_own - middle[l]) {
        low[l] = middle[l];
      } else {
        high[l] = middle[l] - 1;
      }
    }
  }
  return low;
}

}  // namespace

StripeComparison compare_stripe(const Stripe& stripe) {
  const Sums sums = sum_columns(stripe);
  StripeComparison out;
  for (int64_t l = 0; l < kLanes; ++l) {
    out.own_sum[l] = sums.own[l];
    out.other_sum[l] = sums.other[l];
    out.hardest[l] = sums.hardest[l];
  }
  out.hits = count_hits(stripe);
  return out;
}

std::array<int32_t, kLanes> others_before(const Stripe& stripe, int64_t own) {
  return count_before(stripe,
                      stripe.values + (stripe.own_begin + own) * kLanes);
}

}  // namespace ume
