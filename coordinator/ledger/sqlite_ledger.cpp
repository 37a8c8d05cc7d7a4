#include "coordinator/ledger/sqlite_ledger.h"

#include "coordinator/ledger/sqlite_database.h"

namespace ume {

SqliteLedger::SqliteLedger(const std::string& path,
                           const SqliteLedgerOptions& options)
    : database_(std::make_unique<Database>(path, options)) {}

SqliteLedger::~SqliteLedger() = default;

void SqliteLedger::put(LedgerTable table,
                       std::string_view key,
                       std::string_view value) {
  database_->put(table, key, value);
}

void SqliteLedger::erase(LedgerTable table, std::string_view key) {
  database_->erase(table, key);
}

std::optional<std::string> SqliteLedger::get(LedgerTable table,
                                             std::string_view key) const {
  return database_->get(table, key);
}

std::vector<std::pair<std::string, std::string>> SqliteLedger::scan(
    LedgerTable table, std::string_view prefix) const {
  return database_->scan(table, prefix);
}

std::vector<std::pair<std::string, std::string>> SqliteLedger::tail(
    LedgerTable table, size_t limit) const {
  return database_->tail(table, limit);
}

void SqliteLedger::commit() {
  database_->commit();
}

void SqliteLedger::rollback() {
  database_->rollback();
}

}  // namespace ume
