#pragma once

#include <array>
#include <map>

#include "coordinator/ledger/ledger.h"

namespace ume {

// Lives as long as the process: for tests and for the loop in one process.
class MemoryLedger : public Ledger {
 public:
  void put(LedgerTable table,
           std::string_view key,
           std::string_view value) override;
  void erase(LedgerTable table, std::string_view key) override;
  std::optional<std::string> get(LedgerTable table,
                                 std::string_view key) const override;
  std::vector<std::pair<std::string, std::string>> scan(
      LedgerTable table, std::string_view prefix) const override;
  std::vector<std::pair<std::string, std::string>> tail(
      LedgerTable table, size_t limit) const override;
  void commit() override { undo_.clear(); }
  void rollback() override;

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  struct Undo {
    LedgerTable table;
    std::string key;
    std::optional<std::string> before;
  };

  void remember(LedgerTable table, std::string_view key);
  Rows& rows(LedgerTable table) { return tables_[static_cast<size_t>(table)]; }
  const Rows& rows(LedgerTable table) const {
    return tables_[static_cast<size_t>(table)];
  }

  std::array<Rows, kNumTables> tables_;
  std::vector<Undo> undo_;  // since the last commit, oldest first
};

}  // namespace ume
