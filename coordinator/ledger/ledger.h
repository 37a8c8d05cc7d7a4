#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ume {

// The tables of a run's ledger (docs/formats/ledger.md). All hold rows of a
// text key and a value: a JSON object, or a packed blob for trajectories.
enum class LedgerTable : uint8_t {
  kMeta = 0,
  kGroups,
  kLeases,
  kTrajectories,
  kRewards,
  kBatches,
  kVersions,
  kCheckpoints,
  kIncarnations,
  kWork,
  kSteps,
  kEvents,
};
constexpr int kNumTables = 12;
std::string_view table_name(LedgerTable table);

// What outlives a process: an ordered, transactional store with one writer.
// Writes are seen by reads at once and become durable together in commit().
// Methods throw IoError when the medium fails or a stored row is damaged; after
// that only rollback() and destruction are allowed, and the last commit stands.
class Ledger {
 public:
  virtual ~Ledger() = default;

  virtual void put(LedgerTable table,
                   std::string_view key,
                   std::string_view value) = 0;
  virtual void erase(LedgerTable table, std::string_view key) = 0;
  virtual std::optional<std::string> get(LedgerTable table,
                                         std::string_view key) const = 0;
  // Rows whose key begins with `prefix`, in the order of their keys (bytes).
  virtual std::vector<std::pair<std::string, std::string>> scan(
      LedgerTable table, std::string_view prefix) const = 0;
  // The last `limit` rows of the table, in the order of their keys.
  virtual std::vector<std::pair<std::string, std::string>> tail(
      LedgerTable table, size_t limit) const = 0;

  // All writes since the last commit, durably, or none. No-op without writes.
  virtual void commit() = 0;
  virtual void rollback() = 0;
};

}  // namespace ume
