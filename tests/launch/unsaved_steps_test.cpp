#include "launch/run/unsaved_steps.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ume {
namespace {

using Json = nlohmann::json;

// A run of 10 steps of sft and 5 of grpo.
Json status(int64_t sft, int64_t grpo, const Json& checkpoint) {
  return {{"phases",
           {{{"name", "sft"}, {"steps_done", sft}, {"num_steps", 10}},
            {{"name", "grpo"}, {"steps_done", grpo}, {"num_steps", 5}}}},
          {"checkpoint", checkpoint}};
}

TEST_CASE("unsaved steps: those behind the newest checkpoint") {
  UnsavedSteps steps;
  CHECK(steps.count() == 0);
  steps.see(status(7, 0, nullptr), false);
  CHECK(steps.count() == 7);
  steps.see(status(7, 0, {{"phase", "sft"}, {"step", 5}}), false);
  CHECK(steps.count() == 2);
  steps.see(status(10, 3, {{"phase", "sft"}, {"step", 10}}), true);
  CHECK(steps.count() == 3);
  steps.see(status(10, 3, {{"phase", "grpo"}, {"step", 3}}), true);
  CHECK(steps.count() == 0);
}

TEST_CASE("unsaved steps: a learner that dies takes them only from a stop") {
  const Json saved = {{"phase", "sft"}, {"step", 4}};
  UnsavedSteps steps;
  steps.see(status(9, 0, saved), false);
  steps.see(status(4, 0, saved), false);  // it goes on from the checkpoint
  CHECK(steps.count() == 0);
  steps.see(status(6, 0, saved), true);
  steps.see(status(0, 0, saved), true);
  CHECK(steps.count() == 2);
}

}  // namespace
}  // namespace ume
