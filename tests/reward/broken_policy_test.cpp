// Policies that do not keep their promise.
#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "common/random/philox.h"
#include "common/text/utf8.h"
#include "reward/reward_pipeline.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

class Broken : public RewardPolicy {
 public:
  enum class How { kThrow, kTalk, kNan, kShort };
  explicit Broken(How how) : how_(how) {}
  std::string_view name() const override { return "format"; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& view) const override {
    if (how_ == How::kThrow) throw std::runtime_error("out of cheese");
    if (how_ == How::kTalk) {
      std::string text = "\xff";
      while (text.size() < 4090) text += "é";
      throw std::runtime_error(text);
    }
    const int64_t rows = how_ == How::kShort ? 1 : view.num_rows();
    std::vector<RewardCell> cells(rows);
    if (how_ == How::kNan) cells[0].value = std::nan("");
    return {"", cells, cells};
  }

 private:
  How how_;
};

}  // namespace

TEST_CASE("a policy that breaks its promise fails its cells, never invents 0") {
  const std::vector<std::pair<Broken::How, const char*>> cases = {
      {Broken::How::kThrow, "out of cheese"},
      {Broken::How::kTalk, "term format threw: \xEF\xBF\xBDéé"},
      {Broken::How::kNan, "not finite"},
      {Broken::How::kShort, "1 cells, expected 4"}};
  for (const auto& [how, reason] : cases) {
    std::vector<std::unique_ptr<RewardPolicy>> policies;
    policies.push_back(std::make_unique<Broken>(how));
    const RewardPipeline pipeline(config_of({"format"}), std::move(policies));
    const RewardTable table = pipeline.score(plane_cohort());
    for (const RewardCell& cell : table.total.target) {
      CHECK(cell.state == CellState::kFailed);
      CHECK_THAT(cell.reason, Contains(reason));
      // A reason that the coordinator would not take ends the service.
      CHECK(cell.reason.size() <= 1024);
      CHECK(is_valid_utf8(cell.reason));
    }
  }
}

namespace {

// Breaks one promise or none at each call.
class Rogue : public RewardPolicy {
 public:
  explicit Rogue(RandomStream& random) : random_(random) {}
  std::string_view name() const override { return "format"; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& view) const override {
    const double values[] = {std::nan(""), INFINITY, -INFINITY, 1e308, 0.5};
    const uint64_t how = random_.below(8);
    if (how == 0) throw std::bad_alloc();
    if (how == 1) throw std::runtime_error("no");
    RewardColumn column{"", {}, {}};
    column.query.resize(view.num_rows() - (how == 2));
    column.target.resize(view.num_rows() + (how == 3));
    RewardCell& cell =
        (how % 2 ? column.query : column.target)[random_.below(3)];
    cell.value = values[random_.below(5)];
    cell.state = static_cast<CellState>(random_.below(3));
    return column;
  }

 private:
  RandomStream& random_;
};

}  // namespace

TEST_CASE("of 10,000 injected faults none becomes a reward") {
  RandomStream random(5, 0, 0);
  const Cohort cohort = plane_cohort();
  for (const char* normalise : {"none", "component"}) {
    RewardConfig config = config_of({"format", "ranking_margin"});
    config.terms[0].weight = 1e10;
    config.normalise = normalise;
    std::vector<std::unique_ptr<RewardPolicy>> policies;
    policies.push_back(std::make_unique<Rogue>(random));
    policies.push_back(make_reward_policy(config.terms[1]));
    const RewardPipeline pipeline(config, std::move(policies));
    for (int i = 0; i < 5000; ++i) {
      const RewardTable table = pipeline.score(cohort);
      for (const auto side : {&RewardColumn::query, &RewardColumn::target}) {
        for (size_t row = 0; row < 4; ++row) {
          const RewardCell& cell = (table.total.*side)[row];
          REQUIRE(std::isfinite(cell.value));
          const RewardCell& part = (table.components[0].*side)[row];
          if (part.state != CellState::kValue) {
            REQUIRE(cell.state >= part.state);
          }
        }
      }
      for (const auto& [name, value] : table.statistics) {
        INFO(name);
        REQUIRE(std::isfinite(value));
      }
    }
  }
}
