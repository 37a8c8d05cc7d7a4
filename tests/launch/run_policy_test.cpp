// The reward policy of a run that goes on, under a real SIGHUP.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "actors/coordinator_process.h"
#include "actors/rewards/policy_source.h"
#include "actors/role_client.h"
#include "common/config/config.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "launch/run/signal_watch.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

struct Run {
  Run()
      : directory(
            new_run_directory(fs::temp_directory_path() /
                              ("ume-run-policy-" + std::to_string(getpid())))),
        lock(begin_run(directory, {"policy", dump_config(config)})) {}
  ~Run() { fs::remove_all(directory.root); }
  void edit(const RunConfig& changed) const {
    write_file_atomic(directory.config().string(), dump_config(changed));
  }
  // As a service that starts now.
  PolicyKeeper keeper() const {
    return PolicyKeeper(run_policy_source(directory, {}), reload.flag());
  }

  RunConfig config = read_config<RunConfig>("configs/emoji.yaml");
  RunDirectory directory;
  std::unique_ptr<DirectoryLock> lock;
  ReloadSignal reload;
};

RunConfig with_weight(RunConfig config, double weight) {
  config.reward.terms[0].weight = weight;
  return config;
}

}  // namespace

TEST_CASE("run policy: SIGHUP loads the changed section at once") {
  const Run run;
  PolicyKeeper keeper = run.keeper();
  const std::string before = keeper.pipeline().policy_hash();
  run.edit(with_weight(run.config, 0.25));
  CHECK(keeper.refresh().empty());  // it may still be being written
  raise(SIGHUP);
  CHECK_THAT(keeper.refresh(), Contains("was loaded"));
  CHECK(keeper.pipeline().policy_hash() != before);
  CHECK_FALSE(run.reload.flag());
  CHECK(load_run_config(run.directory).reward.terms[0].weight == 0.25);
}

TEST_CASE("run policy: what else has changed is refused by name") {
  const Run run;
  PolicyKeeper keeper = run.keeper();
  const std::string before = keeper.pipeline().policy_hash();
  RunConfig changed = with_weight(run.config, 0.25);
  // Only with this would the normalised reward be allowed.
  changed.grpo.advantage_scale = "none";
  changed.reward.normalise = "component";
  run.edit(changed);
  raise(SIGHUP);
  CHECK_THAT(keeper.refresh(),
             Contains("refused") && Contains("only the section `reward`") &&
                 Contains("found 'grpo.advantage_scale: none'"));
  CHECK(keeper.pipeline().policy_hash() == before);
  changed.grpo.advantage_scale = run.config.grpo.advantage_scale;
  run.edit(changed);
  raise(SIGHUP);
  CHECK_THAT(keeper.refresh(), Contains("grpo.advantage_scale"));
  CHECK(keeper.num_refused() == 2);
}

TEST_CASE(
    "run policy: roles that start while the file cannot be used go on with the "
    "policy that was accepted last") {
  const Run run;
  run.edit(with_weight(run.config, 0.25));
  const std::string accepted = run.keeper().pipeline().policy_hash();
  write_file_atomic(run.directory.config().string(), "reward: {terms: [");
  PolicyKeeper restarted = run.keeper();
  CHECK(restarted.pipeline().policy_hash() == accepted);
  CHECK_THAT(restarted.refresh(),
             Contains("started with the policy that was accepted last") &&
                 Contains(accepted));
  CHECK(restarted.refresh().empty());
  CHECK(load_run_config(run.directory).reward.terms[0].weight == 0.25);
  run.edit(with_weight(run.config, 0.5));
  raise(SIGHUP);
  CHECK_THAT(restarted.refresh(), Contains("was loaded"));
  // A run of before, without such a file.
  fs::remove(run.directory.accepted_config());
  write_file_atomic(run.directory.config().string(), "reward: {terms: [");
  CHECK_THROWS_AS(run.keeper(), ConfigError);
}

TEST_CASE("run policy: sources that the data does not have are told") {
  RewardConfig reward;
  reward.sources = {{"two_hop", {}}, {"two_hops", {}}, {"zebra", {}}};
  PairRecord pair;
  pair.source = "two_hop";
  const auto warnings = unknown_sources(reward, {{}, {pair}});
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0],
             Contains("'two_hops'") && Contains("did you mean 'two_hop'?"));
  CHECK_THAT(warnings[1], Contains("'zebra'") && !Contains("did you mean"));
}

TEST_CASE("run plan: a cohort whose embeddings fit no message is refused") {
  const Run run;
  RunConfig config = run.config;
  config.grpo.pairs_per_cohort = 256;
  config.grpo.group_size = 8;
  const auto plan = [&](int64_t dim) {
    return make_run_plan(config, run.directory, dim, 2000);
  };
  CHECK_NOTHROW(plan(1536));
  CHECK_THROWS_AS(plan(3584), ConfigError);
  CHECK_THROWS_WITH(
      plan(8192), Contains("grpo.pairs_per_cohort") && Contains("at most 112"));
}

}  // namespace ume
