#pragma once

#include <memory>
#include <string>

#include "coordinator/ledger/ledger.h"

namespace ume {

struct SqliteLedgerOptions {
  // Where there is no file, or an empty one.
  bool create = true;
  // The wait "ledger lock": how long another process may still have it.
  double lock_seconds = 5.0;
};

// The ledger as one SQLite file (WAL, synchronous=FULL): what was committed
// survives kill -9 and power loss. One process at a time; the lock goes with
// the process. Every row carries a checksum that is verified when it is read.
class SqliteLedger : public Ledger {
 public:
  static constexpr int kSchemaVersion = 1;

  // Opens or makes `path`. Throws ConfigError when another process keeps it,
  // when it is no ledger, or when a newer version made it; IoError when it
  // cannot be read, is damaged, or is missing or empty and not to be made.
  explicit SqliteLedger(const std::string& path,
                        const SqliteLedgerOptions& options = {});
  ~SqliteLedger() override;

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
  void commit() override;
  void rollback() override;

 private:
  class Database;
  std::unique_ptr<Database> database_;
};

}  // namespace ume
