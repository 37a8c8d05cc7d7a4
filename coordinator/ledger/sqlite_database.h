#pragma once

#include <sqlite3.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/ledger/sqlite_ledger.h"

namespace ume {

// The connection behind a SqliteLedger: its statements and its transaction.
class SqliteLedger::Database {
 public:
  using Rows = std::vector<std::pair<std::string, std::string>>;

  Database(const std::string& path, const SqliteLedgerOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void put(LedgerTable table, std::string_view key, std::string_view value);
  void erase(LedgerTable table, std::string_view key);
  std::optional<std::string> get(LedgerTable table, std::string_view key);
  Rows scan(LedgerTable table, std::string_view prefix);
  Rows tail(LedgerTable table, size_t limit);
  void commit();
  void rollback();

 private:
  enum Statement { kPut, kErase, kGet, kScan, kTail, kNumStatements };

  void connect(const SqliteLedgerOptions& options);
  bool take_lock();
  void check_identity(bool create);
  void create_tables();
  void check_pages();
  void begin();

  void run(const std::string& sql);
  std::string query_one(const std::string& sql);
  sqlite3_stmt* prepare(const std::string& sql);
  // Ready to be bound; made at its first use.
  sqlite3_stmt* statement(Statement kind, LedgerTable table);
  void step_done(sqlite3_stmt* statement);
  Rows collect(LedgerTable table, sqlite3_stmt* statement);
  [[noreturn]] void fail(const std::string& doing);

  std::string path_;
  sqlite3* connection_ = nullptr;
  bool in_transaction_ = false;
  std::array<std::array<sqlite3_stmt*, kNumStatements>, kNumTables>
      statements_{};
};

}  // namespace ume
