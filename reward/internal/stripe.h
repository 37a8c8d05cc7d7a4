#pragma once

#include <array>
#include <cstdint>

#include "reward/internal/wide.h"

namespace ume {

// The similarities of up to kLanes rows to the columns that they are compared
// with, [num_columns, kLanes]: one row a lane, all of one pair, so that they
// have the same columns. Columns ascend, those of the rows' own pair are
// [own_begin, own_end).
struct Stripe {
  const float* values = nullptr;
  int64_t num_columns = 0;
  int64_t own_begin = 0;
  int64_t own_end = 0;
};

// Per lane. Sums are made in double precision in the columns' order.
struct StripeComparison {
  std::array<double, kLanes> own_sum{};
  std::array<double, kLanes> other_sum{};
  std::array<float, kLanes> hardest{};  // largest of the others
  // Own columns among the own_end - own_begin most similar ones; ties go to
  // the lower column.
  std::array<int64_t, kLanes> hits{};
};

// Needs an own column and another one. Work: log2 of the number of own columns
// times the stripe; nothing is sorted but the own columns.
StripeComparison compare_stripe(const Stripe& stripe);

// For each lane, how many columns of other pairs come before the own column
// that stands at `own` of the own ones, [0, own_end - own_begin).
std::array<int32_t, kLanes> others_before(const Stripe& stripe, int64_t own);

}  // namespace ume
