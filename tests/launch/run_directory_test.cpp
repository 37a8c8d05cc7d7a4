#include "actors/run/run_directory.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "actors/run/run_ledger.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

// Where a run may be made, and one begun there.
struct Place {
  ScratchFolder scratch;
  fs::path root = scratch / "runs/mine";

  RunDirectory begin(const std::string& config) const {
    const RunDirectory directory = new_run_directory(root);
    begin_run(directory, {"mine", config});
    return directory;
  }
  void write(const std::string& name, const std::string& text) const {
    scratch.write("runs/mine/" + name, text);
  }
};

void add_row(const RunDirectory& directory, LedgerTable table) {
  const auto ledger = open_run_ledger(directory);
  ledger->put(LedgerTable::kMeta, "plan", "a plan");
  ledger->put(table, "0", "{}");
  ledger->commit();
}

}  // namespace

TEST_CASE("run directory: of two starts at once one gets the folder") {
  const Place place;
  const RunDirectory first = new_run_directory(place.root);
  const RunDirectory second = new_run_directory(place.root);
  CHECK_FALSE(fs::exists(place.root));  // only looked at
  const auto lock = begin_run(first, {"mine", "first: 1\n"});
  const std::string id = first.run_id();
  CHECK_THAT(id, Catch::StartsWith("mine-"));
  CHECK_THROWS_AS(begin_run(second, {"mine", "second: 2\n"}), ConfigError);
  CHECK_THROWS_WITH(begin_run(second, {"mine", "second: 2\n"}),
                    Contains("in use by process"));
  CHECK_THROWS_WITH(new_run_directory(place.root),
                    Contains("in use by process"));
  CHECK(first.run_id() == id);
  CHECK(read_file(first.config().string()) == "first: 1\n");
}

TEST_CASE("run directory: a start that lost to a finished run is refused") {
  const Place place;
  const RunDirectory late = new_run_directory(place.root);
  const RunDirectory first = place.begin("first: 1\n");
  place.write("metrics.jsonl", "{}\n");
  CHECK_THROWS_WITH(begin_run(late, {"mine", "late: 2\n"}),
                    Contains("exists") && Contains("--resume"));
  CHECK(read_file(first.config().string()) == "first: 1\n");
}

TEST_CASE("run directory: what never made a step gives way to a new run") {
  const Place place;
  SECTION("an empty folder") {
    fs::create_directories(place.root);
    place.begin("new: 1\n");
  }
  SECTION("a folder that was only locked") {
    place.write(".lock", "1\n");
    place.begin("new: 1\n");
  }
  SECTION("a start that failed") {
    const RunDirectory failed = place.begin("failed: 1\n");
    const std::string id = failed.run_id();
    add_row(failed, LedgerTable::kIncarnations);
    place.write("logs/learner-0.log", "no such weights\n");
    place.write("eval/shards/base/job.yaml", "model: /nope\n");
    place.write("metrics.jsonl", "");
    place.write("config.yaml.tmp-12-0", "half");
    CHECK(place.begin("new: 1\n").run_id() != id);
    CHECK_FALSE(fs::exists(failed.ledger()));
    CHECK(fs::is_empty(failed.logs()));
  }
  CHECK(read_file((place.root / "config.yaml").string()) == "new: 1\n");
}

TEST_CASE("run directory: what else is there is never replaced") {
  const Place place;
  SECTION("a step") {
    place.begin("");
    place.write("metrics.jsonl", "{}\n");
  }
  SECTION("a checkpoint") {
    place.begin("");
    place.write("checkpoints/sft/step_000002/manifest.json", "{}");
  }
  SECTION("trajectories in the ledger") {
    add_row(place.begin(""), LedgerTable::kTrajectories);
  }
  SECTION("a ledger that cannot be read") {
    place.begin("");
    place.write("ledger.sqlite", std::string(5000, 'x'));
  }
  SECTION("embeddings") {
    place.begin("");
    place.write("eval/shards/base/shard-0.safetensors", "x");
  }
  SECTION("a file that is no run's") {
    place.begin("");
    place.write("thesis.txt", "years of work");
  }
  SECTION("somebody's folder with names like ours") {
    place.write("logs/today.log", "mine");
  }
  const auto count = [&] {
    const fs::recursive_directory_iterator all(place.root);
    return std::distance(begin(all), end(all));
  };
  const auto before = count();
  CHECK_THROWS_AS(new_run_directory(place.root), ConfigError);
  CHECK_THROWS_WITH(new_run_directory(place.root), Contains("exists"));
  CHECK(count() == before);
}

TEST_CASE("run ledger: one that is gone beside steps is not begun anew") {
  const Place place;
  const RunDirectory directory = place.begin("");
  add_row(directory, LedgerTable::kSteps);
  place.write("checkpoints/sft/step_000004/manifest.json", "{}");
  place.write("checkpoints/sft/step_000006.tmp-12/manifest.json", "{}");
  CHECK_NOTHROW(open_run_ledger(directory));
  std::string state;
  SECTION("missing") {
    state = "is missing";
    fs::remove(directory.ledger());
  }
  SECTION("empty") {
    state = "is empty";
    place.write("ledger.sqlite", "");
  }
  SECTION("of no run") {
    state = "is empty";
    fs::remove(directory.ledger());
    SqliteLedger(directory.ledger().string());
  }
  CHECK_THROWS_AS(open_run_ledger(directory), IoError);
  CHECK_THROWS_WITH(
      open_run_ledger(directory),
      Contains(state + ", but checkpoints up to checkpoints/sft/step_000004 "
                       "exist: put it back from a copy"));
  place.write("checkpoints/grpo/step_999998/manifest.json", "{}");
  place.write("checkpoints/grpo/step_1000000/manifest.json", "{}");
  CHECK_THAT(steps_on_disk(directory), Contains("grpo/step_1000000 exist"));
  fs::remove_all(directory.checkpoints());
  place.write("metrics.jsonl", "{}\n");
  CHECK_THROWS_WITH(open_run_ledger(directory),
                    Contains("but metrics.jsonl holds steps"));
}

TEST_CASE("run ledger: it is made while there are no steps") {
  const Place place;
  const RunDirectory directory = place.begin("");
  CHECK(steps_on_disk(directory).empty());
  CHECK_FALSE(has_begun(directory));
  CHECK_FALSE(fs::exists(directory.ledger()));
  CHECK_NOTHROW(open_run_ledger(directory));
  CHECK(fs::exists(directory.ledger()));
}

}  // namespace ume
