#include "launch/run/learner_launch.h"

#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

void write_program(const ScratchFolder& folder, const std::string& name) {
  fs::permissions(folder.write(name, "#!/bin/sh\n"), fs::perms::owner_all);
}

// PATH for as long as this lives.
class Path {
 public:
  explicit Path(const std::string& value) : before_(std::getenv("PATH")) {
    setenv("PATH", value.c_str(), 1);
  }
  ~Path() { setenv("PATH", before_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  const std::string before_;
};

TEST_CASE("programs: what is missing is said before a run begins") {
  const ScratchFolder folder;
  RunConfig config;
  const std::string programs = folder / "ume";
  CHECK_THROWS_AS(check_programs(config, programs), Unavailable);
  CHECK_THROWS_WITH(check_programs(config, programs),
                    Contains("ume/ume-engine") && Contains("make build"));
  write_program(folder, "ume/ume-engine");
  const Path path((folder / "none") + ":" + (folder / "mpi"));
  CHECK_THROWS_AS(check_programs(config, programs), Unavailable);
  CHECK_THROWS_WITH(check_programs(config, programs),
                    Contains("mpirun") && Contains("openmpi-bin"));
  folder.write("mpi/mpirun", "not executable");
  CHECK_THROWS_AS(check_programs(config, programs), Unavailable);
  write_program(folder, "mpi/mpirun");
  CHECK_NOTHROW(check_programs(config, programs));
}

TEST_CASE("programs: a run that only evaluates needs no mpirun") {
  const ScratchFolder folder;
  RunConfig config;
  config.phases = {"eval"};
  write_program(folder, "ume-engine");
  const Path path(folder / "none");
  CHECK_NOTHROW(check_programs(config, folder.path()));
}

TEST_CASE("learner: mpirun ends by SIGHUP, its ranks leave stops to the run") {
  const ScratchFolder folder;
  folder.write("run_id", "a-1\n");
  const ChildCommand command =
      learner_command(RunConfig{}, {folder.path()}, "/programs");
  CHECK(command.end_signal == SIGHUP);
  CHECK(std::count(command.argv.begin(), command.argv.end(), "--supervised") ==
        1);
}

}  // namespace
}  // namespace ume
