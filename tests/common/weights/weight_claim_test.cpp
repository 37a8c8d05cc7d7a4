#include "common/weights/weight_claim.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>

#include "common/error/error.h"
#include "common/weights/weight_channel.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

bool exists(const ScratchFolder& folder, const std::string& name) {
  return fs::exists(folder / ("w/" + name));
}

// Another process that has the run's claim until it is killed.
class OtherProcess {
 public:
  OtherProcess(const std::string& folder, const std::string& run_id) {
    int ready[2];
    if (pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      const WeightClaim claim(folder, run_id);
      [[maybe_unused]] const auto sent = write(ready[1], "x", 1);
      for (;;) pause();
    }
    char unused = 0;
    [[maybe_unused]] const auto got = read(ready[0], &unused, 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~OtherProcess() { end(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  void end() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

TEST_CASE("weight claim: what a killed run left goes, what is in use stays") {
  const ScratchFolder folder;
  OtherProcess other(folder / "w", "run-1");
  for (const char* name : {"run-1@4.1", "run-1@5.1.tmp-7", "run-1@x",
                           "run-12@4.1", "old@1.1", "a.lock.txt"}) {
    folder.write("w/" + std::string(name), "x");
  }
  remove_unclaimed_shm_weights(folder / "w");
  CHECK(exists(folder, "run-1@4.1"));
  other.end();
  remove_unclaimed_shm_weights(folder / "w");
  CHECK_FALSE(exists(folder, "run-1@4.1"));
  CHECK_FALSE(exists(folder, "run-1@5.1.tmp-7"));
  CHECK_FALSE(exists(folder, "run-1.lock"));
  // Of another run, of one without a claim, and what is not ours.
  for (const char* name : {"run-1@x", "run-12@4.1", "old@1.1", "a.lock.txt"}) {
    CHECK(exists(folder, name));
  }
  remove_unclaimed_shm_weights(folder / "none");
}

TEST_CASE("weight claim: several processes of a run have one, channels too") {
  const ScratchFolder folder;
  std::optional<WeightClaim> first(std::in_place, folder / "w", "run-1");
  auto channel = make_shm_weight_channel(folder / "w", "run-1");
  folder.write("w/run-1@4.1", "x");
  first.reset();
  remove_unclaimed_shm_weights(folder / "w");
  CHECK(exists(folder, "run-1@4.1"));
  channel.reset();
  remove_unclaimed_shm_weights(folder / "w");
  CHECK_FALSE(exists(folder, "run-1@4.1"));
}

TEST_CASE("weight claim: a run that ends takes its own weights away") {
  const ScratchFolder folder;
  for (const char* name : {"run-1@4.2", "run-1@3.1", "run-12@9.1"}) {
    folder.write("w/" + std::string(name), "x");
  }
  const WeightClaim claim(folder / "w", "run-1");
  remove_shm_weights(folder / "w", "run-1");
  CHECK_FALSE(exists(folder, "run-1@4.2"));
  CHECK_FALSE(exists(folder, "run-1@3.1"));
  CHECK_FALSE(exists(folder, "run-1.lock"));
  CHECK(exists(folder, "run-12@9.1"));
  remove_shm_weights(folder / "none", "run-1");
  // A lock file that was removed under its holder is not the run's any more.
  const WeightClaim again(folder / "w", "run-1");
  CHECK(exists(folder, "run-1.lock"));
}

TEST_CASE("weight claim: run ids that are no file names are refused") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(WeightClaim(folder / "w", "../x"), ConfigError);
  CHECK_THROWS_AS(WeightClaim("/proc/none/w", "run"), IoError);
}

}  // namespace
}  // namespace ume
