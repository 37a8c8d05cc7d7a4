#include "coordinator/ledger/sqlite_ledger.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/progress/ledger_check.h"
#include "tests/coordinator/direct_world.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

// No file of this process may grow past the limit, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit_);
    rlimit tight = limit_;
    tight.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int) = SIG_DFL;
};

// Runs `work` in a child that is killed at its end.
void in_killed_child(const std::function<void()>& work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE(
    "SQLite ledger: what was committed survives kill -9, the rest is gone") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  in_killed_child([&] {
    SqliteLedger ledger(path);
    for (int i = 0; i < 5; ++i) {
      ledger.put(LedgerTable::kGroups, std::to_string(i), "kept");
      ledger.commit();
    }
    ledger.put(LedgerTable::kGroups, "5", "not committed");
  });
  SqliteLedger ledger(path);
  CHECK(ledger.scan(LedgerTable::kGroups, "").size() == 5);
}

TEST_CASE(
    "SQLite ledger: a second coordinator is refused until the first ends") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  SqliteLedgerOptions no_wait;
  no_wait.lock_seconds = 0.0;
  {
    SqliteLedger first(path);
    CHECK_THROWS_AS(SqliteLedger(path, no_wait), ConfigError);
    CHECK_THROWS_WITH(SqliteLedger(path, no_wait), Catch::Contains("in use"));
    no_wait.lock_seconds = 0.01;
    CHECK_THROWS_WITH(SqliteLedger(path, no_wait),
                      Catch::Contains("waited 0.01 s for the ledger lock"));
  }
  CHECK_NOTHROW(SqliteLedger(path, no_wait));
}

TEST_CASE("SQLite ledger: a coordinator that is about to end is waited for") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  auto first = std::make_unique<SqliteLedger>(path);
  first->put(LedgerTable::kMeta, "a", "committed");
  first->commit();
  std::thread ending([&] {
    nap(0.05);
    first.reset();
  });
  CHECK(SqliteLedger(path).get(LedgerTable::kMeta, "a") == "committed");
  ending.join();
}

TEST_CASE(
    "SQLite ledger: for a reader, a ledger that is not there is not made") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  SqliteLedgerOptions reader;
  reader.create = false;
  CHECK_THROWS_AS(SqliteLedger(path, reader), IoError);
  CHECK_THROWS_WITH(SqliteLedger(path, reader), Catch::EndsWith("is missing"));
  CHECK_FALSE(std::filesystem::exists(path));
  folder.write("ledger.sqlite", "");
  CHECK_THROWS_WITH(SqliteLedger(path, reader), Catch::EndsWith("is empty"));
  CHECK(std::filesystem::file_size(path) == 0);
  { SqliteLedger made(path); }
  CHECK_NOTHROW(SqliteLedger(path, reader));
}

TEST_CASE("SQLite ledger: a full disk is an error and the last commit stands") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  {
    SqliteLedger ledger(path);
    ledger.put(LedgerTable::kMeta, "a", "committed");
    ledger.commit();
    const FileSizeLimit limit(512 * 1024);
    const auto fill = [&] {
      for (int i = 0; i < 100; ++i) {
        ledger.put(LedgerTable::kTrajectories, std::to_string(i),
                   std::string(64 * 1024, 'x'));
      }
      ledger.commit();
    };
    CHECK_THROWS_AS(fill(), IoError);
    ledger.rollback();
  }
  SqliteLedger ledger(path);
  CHECK(ledger.get(LedgerTable::kMeta, "a") == "committed");
  CHECK(ledger.scan(LedgerTable::kTrajectories, "").empty());
}

TEST_CASE("SQLite ledger: files that are no ledger are refused by name") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  std::ofstream(path) << "this is a note, not a database, and long enough "
                         "that nobody could take it for an empty one........";
  CHECK_THROWS_AS(SqliteLedger(path), IoError);
  CHECK_THROWS_AS(SqliteLedger(folder.path() + "/missing/ledger.sqlite"),
                  IoError);
}

TEST_CASE("SQLite ledger: a ledger of a newer program is refused") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  { SqliteLedger ledger(path); }
  // The schema version is a big-endian integer at byte 60 of the file.
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(63);
  file.put(9);
  file.close();
  CHECK_THROWS_WITH(SqliteLedger(path), Catch::Contains("schema version 9"));
}

TEST_CASE("SQLite ledger: a flipped bit never changes what is read unnoticed") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/ledger.sqlite";
  std::vector<std::pair<std::string, std::string>> rows;
  {
    SqliteLedger ledger(path);
    for (int i = 0; i < 50; ++i) {
      rows.emplace_back(std::to_string(100 + i), "value " + std::to_string(i));
      ledger.put(LedgerTable::kGroups, rows.back().first, rows.back().second);
    }
    ledger.commit();
  }
  const std::string whole = read_file(path);
  std::mt19937 random(1);
  int noticed = 0;
  for (int trial = 0; trial < 200; ++trial) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      SqliteLedger ledger(path);
      const auto found = ledger.scan(LedgerTable::kGroups, "");
      // A lost row is noticed by whoever needs it; a wrong one must not pass.
      for (const auto& row : found) {
        CHECK(std::find(rows.begin(), rows.end(), row) != rows.end());
      }
    } catch (const Error&) {
      ++noticed;
    }
    std::filesystem::remove(path + "-wal");
  }
  CHECK(noticed > 0);
}

TEST_CASE("SQLite ledger: a whole run ends as it does in memory") {
  test::DirectWorld in_memory;
  in_memory.register_learner("a");
  in_memory.run();

  const ScratchFolder folder;
  test::DirectWorld world;
  world.coordinator.reset();
  world.owned = std::make_unique<SqliteLedger>(folder.path() + "/l.sqlite");
  world.ledger = world.owned.get();
  world.start();
  world.register_learner("a");
  world.run();
  CHECK(ledger_digest(*world.ledger) == ledger_digest(*in_memory.ledger));
  CHECK(
      check_invariants(*world.ledger, world.job.plan, world.job.data).empty());
}

}  // namespace ume
