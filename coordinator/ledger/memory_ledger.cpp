#include "coordinator/ledger/memory_ledger.h"

#include <algorithm>

namespace ume {

std::string_view table_name(LedgerTable table) {
  constexpr std::array<std::string_view, kNumTables> kNames = {
      "meta",         "groups",  "leases",   "trajectories",
      "rewards",      "batches", "versions", "checkpoints",
      "incarnations", "work",    "steps",    "events"};
  return kNames[static_cast<size_t>(table)];
}

void MemoryLedger::remember(LedgerTable table, std::string_view key) {
  undo_.push_back({table, std::string(key), get(table, key)});
}

void MemoryLedger::put(LedgerTable table,
                       std::string_view key,
                       std::string_view value) {
  remember(table, key);
  rows(table).insert_or_assign(std::string(key), std::string(value));
}

void MemoryLedger::erase(LedgerTable table, std::string_view key) {
  const auto found = rows(table).find(key);
  if (found == rows(table).end()) return;
  remember(table, key);
  rows(table).erase(found);
}

std::optional<std::string> MemoryLedger::get(LedgerTable table,
                                             std::string_view key) const {
  const auto found = rows(table).find(key);
  if (found == rows(table).end()) return std::nullopt;
  return found->second;
}

std::vector<std::pair<std::string, std::string>> MemoryLedger::scan(
    LedgerTable table, std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto it = rows(table).lower_bound(prefix);
       it != rows(table).end() && it->first.starts_with(prefix); ++it) {
    found.emplace_back(*it);
  }
  return found;
}

std::vector<std::pair<std::string, std::string>> MemoryLedger::tail(
    LedgerTable table, size_t limit) const {
  const Rows& all = rows(table);
  const size_t count = std::min(limit, all.size());
  return {std::prev(all.end(), static_cast<std::ptrdiff_t>(count)), all.end()};
}

void MemoryLedger::rollback() {
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
    if (it->before) {
      rows(it->table).insert_or_assign(it->key, *it->before);
    } else {
      rows(it->table).erase(it->key);
    }
  }
  undo_.clear();
}

}  // namespace ume
