#include "model/attention_plan.h"

#include <catch2/catch.hpp>

#include "tests/support/memory_status.h"

namespace ume {
namespace {

std::vector<PackedSequence> sequences_of(const std::vector<int64_t>& sizes) {
  std::vector<PackedSequence> out;
  int64_t row = 0;
  for (const int64_t size : sizes) {
    out.push_back({{row, row + size}, {}});
    row += size;
  }
  return out;
}

// The plan, which must take no more than `max_bytes` to make.
AttentionPlan cheap_plan(const std::vector<int64_t>& sizes,
                         bool causal,
                         int64_t max_bytes) {
  forget_memory_peak();
  const int64_t before = memory_status("VmHWM");
  AttentionPlan plan = plan_attention(sequences_of(sizes), causal);
  CHECK(memory_status("VmHWM") - before < max_bytes);
  return plan;
}

constexpr int64_t kMegabyte = 1 << 20;

}  // namespace

TEST_CASE("plan_attention: one long sequence takes memory linear in its rows") {
  for (const bool causal : {false, true}) {
    const AttentionPlan plan = cheap_plan({20'000}, causal, 32 * kMegabyte);
    REQUIRE(plan.blocks.size() == 1);
    CHECK_FALSE(plan.blocks[0].mask.defined());
    CHECK(plan.blocks[0].causal == causal);
    CHECK(plan.blocks[0].max_query == 20'000);
    CHECK_FALSE(plan.result_index.defined());
  }
}

TEST_CASE("plan_attention: equal frames are one block without a mask") {
  const AttentionPlan plan =
      cheap_plan(std::vector<int64_t>(50, 3'000), false, 32 * kMegabyte);
  REQUIRE(plan.blocks.size() == 1);
  CHECK(plan.blocks[0].size == 50);
  CHECK_FALSE(plan.blocks[0].mask.defined());
}

TEST_CASE("plan_attention: one frame of another size brings no large mask") {
  std::vector<int64_t> sizes(100, 1'000);
  sizes.push_back(999);
  const AttentionPlan plan = cheap_plan(sizes, false, 32 * kMegabyte);
  REQUIRE(plan.blocks.size() == 2);
  CHECK(plan.blocks[0].size == 100);
  CHECK_FALSE(plan.blocks[0].mask.defined());
  // A small one is worth a call.
  const AttentionPlan small = plan_attention(sequences_of({100, 99}), false);
  REQUIRE(small.blocks.size() == 1);
  CHECK(small.blocks[0].mask.defined());
}

}  // namespace ume
