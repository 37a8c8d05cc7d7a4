#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/support/scratch_folder.h"

// What every ledger must do.
namespace ume {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// Each kind of ledger, empty.
void with_each_ledger(const std::function<void(Ledger&)>& check) {
  SECTION("in memory") {
    MemoryLedger ledger;
    check(ledger);
  }
  SECTION("SQLite") {
    const ScratchFolder folder;
    SqliteLedger ledger(folder.path() + "/ledger.sqlite");
    check(ledger);
  }
}

}  // namespace

TEST_CASE("ledger: writes are read at once, the last one of a key counts") {
  with_each_ledger([](Ledger& ledger) {
    CHECK_FALSE(ledger.get(LedgerTable::kMeta, "a").has_value());
    ledger.put(LedgerTable::kMeta, "a", "1");
    ledger.put(LedgerTable::kMeta, "a", "2");
    CHECK(ledger.get(LedgerTable::kMeta, "a") == "2");
    ledger.erase(LedgerTable::kMeta, "a");
    ledger.erase(LedgerTable::kMeta, "never there");
    CHECK_FALSE(ledger.get(LedgerTable::kMeta, "a").has_value());
  });
}

TEST_CASE("ledger: tables do not mix") {
  with_each_ledger([](Ledger& ledger) {
    ledger.put(LedgerTable::kGroups, "a", "group");
    ledger.put(LedgerTable::kLeases, "a", "lease");
    CHECK(ledger.get(LedgerTable::kGroups, "a") == "group");
    CHECK(ledger.get(LedgerTable::kLeases, "a") == "lease");
  });
}

TEST_CASE("ledger: a scan gives the keys of a prefix in order of bytes") {
  with_each_ledger([](Ledger& ledger) {
    for (const char* key : {"b/2", "a/10", "b/1", "b", "c", "b0"}) {
      ledger.put(LedgerTable::kGroups, key, key);
    }
    CHECK(ledger.scan(LedgerTable::kGroups, "b/") ==
          Rows{{"b/1", "b/1"}, {"b/2", "b/2"}});
    CHECK(ledger.scan(LedgerTable::kGroups, "").size() == 6);
    CHECK(ledger.tail(LedgerTable::kGroups, 2) ==
          Rows{{"b0", "b0"}, {"c", "c"}});
    CHECK(ledger.tail(LedgerTable::kGroups, 100).size() == 6);
    CHECK(ledger.tail(LedgerTable::kEvents, 3).empty());
  });
}

TEST_CASE("ledger: values are any bytes, also none") {
  with_each_ledger([](Ledger& ledger) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    ledger.put(LedgerTable::kTrajectories, "all", bytes);
    ledger.put(LedgerTable::kTrajectories, "none", "");
    ledger.commit();
    CHECK(ledger.get(LedgerTable::kTrajectories, "all") == bytes);
    CHECK(ledger.get(LedgerTable::kTrajectories, "none") == "");
  });
}

TEST_CASE("ledger: a rollback undoes everything since the last commit") {
  with_each_ledger([](Ledger& ledger) {
    ledger.put(LedgerTable::kGroups, "kept", "1");
    ledger.put(LedgerTable::kGroups, "erased", "1");
    ledger.commit();
    ledger.put(LedgerTable::kGroups, "kept", "2");
    ledger.put(LedgerTable::kGroups, "kept", "3");
    ledger.put(LedgerTable::kGroups, "new", "1");
    ledger.erase(LedgerTable::kGroups, "erased");
    ledger.rollback();
    CHECK(ledger.scan(LedgerTable::kGroups, "") ==
          Rows{{"erased", "1"}, {"kept", "1"}});
    ledger.put(LedgerTable::kGroups, "kept", "4");
    ledger.commit();
    ledger.rollback();
    CHECK(ledger.get(LedgerTable::kGroups, "kept") == "4");
  });
}

}  // namespace ume
