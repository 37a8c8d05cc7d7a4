#include "coordinator/ledger/ledger_rows.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "coordinator/ledger/result_blob.h"

namespace ume {

using nlohmann::json;

// A value as the number itself, invalid as its reason: most cells are values.
void to_json(json& j, const RewardCell& cell) {
  if (cell.state == CellState::kValue) {
    j = cell.value;
  } else {
    j = json{{cell.state == CellState::kInvalid ? "invalid" : "failed",
              cell.reason}};
  }
}
void from_json(const json& j, RewardCell& cell) {
  cell = RewardCell();
  if (j.is_number()) {
    cell.value = j.get<double>();
    return;
  }
  const bool invalid = j.contains("invalid");
  cell.state = invalid ? CellState::kInvalid : CellState::kFailed;
  cell.reason = j.at(invalid ? "invalid" : "failed").get<std::string>();
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PolicyVersion, update, incarnation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    WeightManifest, version, channel, address, num_bytes, hash)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GroupId, dispatch_index, side)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GroupRow,
                                   phase,
                                   step,
                                   cohort,
                                   group,
                                   state,
                                   attempts,
                                   refusals,
                                   fencing,
                                   version,
                                   weight_hash,
                                   prompt_digest,
                                   prompt_tokens,
                                   completion_tokens,
                                   result_digest,
                                   reward_digest)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LeaseRow,
                                   fencing,
                                   phase,
                                   step,
                                   group,
                                   worker,
                                   holder,
                                   version,
                                   weight_hash,
                                   outcome)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RewardColumn, name, query, target)
// Ledgers from before the statistics lack them.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    RewardTable, policy_hash, input_digest, components, total, statistics)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    RewardRow, cohort, phase, step, dispatch_index, table)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BatchRow,
                                   phase,
                                   step,
                                   plan_id,
                                   plan_hash,
                                   world_size,
                                   state,
                                   dropped_groups,
                                   metrics)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(VersionRow, weights)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    CheckpointRow, phase, step, folder, hash, end_of_phase)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(IncarnationRow,
                                   incarnation,
                                   start_id,
                                   world_size)
// Ledgers from before damaged checkpoints were stepped over lack `damaged`.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(WorkRow,
                                                incarnation,
                                                sequence,
                                                kind,
                                                phase,
                                                step,
                                                num_steps,
                                                end_of_phase,
                                                resume,
                                                done_ranks,
                                                damaged)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepRow, phase, step, metrics)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EventRow, id, wall_seconds, kind, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Counters,
                                   next_fencing,
                                   next_event,
                                   leases,
                                   accepted,
                                   duplicates,
                                   late,
                                   expired,
                                   refused,
                                   stale,
                                   quarantined,
                                   dropped_groups,
                                   reward_retries,
                                   coordinator_starts,
                                   learner_starts,
                                   worker_restarts,
                                   reward_restarts)

namespace {

[[noreturn]] void damaged(LedgerTable table,
                          std::string_view key,
                          const std::string& why) {
  throw IoError("ledger: table " + std::string(table_name(table)) + ", row " +
                std::string(key) + " is damaged: " + why);
}

// Bytes that are no UTF-8 become U+FFFD: a row is always readable.
template <class Row>
std::string to_text(const Row& row) {
  return json(row).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class Row>
Row from_text(LedgerTable table,
              std::string_view key,
              const std::string& text) {
  try {
    return json::parse(text).get<Row>();
  } catch (const json::exception& error) {
    damaged(table, key, error.what());
  }
}

std::string result_key(const GroupRow& row) {
  return row.key();
}

}  // namespace

std::string_view group_state_name(GroupState state) {
  constexpr std::array<std::string_view, 6> kNames = {
      "pending", "leased", "finished", "consumed", "quarantined", "dropped"};
  return kNames[static_cast<size_t>(state)];
}

std::string key_number(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%012llu",
                static_cast<unsigned long long>(number));
  return text;
}

std::string GroupRow::prefix(uint32_t phase, uint64_t step) {
  return key_number(phase) + "/" + key_number(step) + "/";
}
std::string GroupRow::key() const {
  return prefix(phase, step) + key_number(group.dispatch_index) + "/" +
         std::string(side_name(group.side));
}
std::string LeaseRow::key() const {
  return key_number(fencing);
}
std::string RewardRow::key() const {
  return key_number(cohort);
}
std::string BatchRow::prefix(uint32_t phase) {
  return key_number(phase) + "/";
}
std::string BatchRow::key() const {
  return prefix(phase) + key_number(step);
}
std::string VersionRow::key() const {
  return key_number(weights.version.update);
}
std::string CheckpointRow::prefix(uint32_t phase) {
  return key_number(phase) + "/";
}
std::string CheckpointRow::key() const {
  return prefix(phase) + key_number(step);
}
std::string IncarnationRow::key() const {
  return key_number(incarnation);
}
std::string WorkRow::prefix(uint32_t incarnation) {
  return key_number(incarnation) + "/";
}
std::string WorkRow::key() const {
  return prefix(incarnation) + key_number(sequence);
}
std::string StepRow::prefix(uint32_t phase) {
  return key_number(phase) + "/";
}
std::string StepRow::key() const {
  return prefix(phase) + key_number(step);
}
std::string EventRow::key() const {
  return key_number(id);
}

template <class Row>
void put_row(Ledger& ledger, const Row& row) {
  ledger.put(Row::kTable, row.key(), to_text(row));
}

template <class Row>
std::optional<Row> find_row(const Ledger& ledger, std::string_view key) {
  const auto text = ledger.get(Row::kTable, key);
  if (!text) return std::nullopt;
  return from_text<Row>(Row::kTable, key, *text);
}

template <class Row>
std::vector<Row> load_rows(const Ledger& ledger, std::string_view prefix) {
  std::vector<Row> rows;
  for (const auto& [key, text] : ledger.scan(Row::kTable, prefix)) {
    rows.push_back(from_text<Row>(Row::kTable, key, text));
  }
  return rows;
}

template <class Row>
std::vector<Row> load_tail(const Ledger& ledger, size_t limit) {
  std::vector<Row> rows;
  for (const auto& [key, text] : ledger.tail(Row::kTable, limit)) {
    rows.push_back(from_text<Row>(Row::kTable, key, text));
  }
  return rows;
}

#define UME_LEDGER_ROW(Row)                                                   \
  template void put_row<Row>(Ledger&, const Row&);                            \
  template std::optional<Row> find_row<Row>(const Ledger&, std::string_view); \
  template std::vector<Row> load_rows<Row>(const Ledger&, std::string_view);  \
  template std::vector<Row> load_tail<Row>(const Ledger&, size_t);
UME_LEDGER_ROW(GroupRow)
UME_LEDGER_ROW(LeaseRow)
UME_LEDGER_ROW(RewardRow)
UME_LEDGER_ROW(BatchRow)
UME_LEDGER_ROW(VersionRow)
UME_LEDGER_ROW(CheckpointRow)
UME_LEDGER_ROW(IncarnationRow)
UME_LEDGER_ROW(WorkRow)
UME_LEDGER_ROW(StepRow)
UME_LEDGER_ROW(EventRow)
#undef UME_LEDGER_ROW

void put_counters(Ledger& ledger, const Counters& counters) {
  ledger.put(LedgerTable::kMeta, "counters", to_text(counters));
}

Counters load_counters(const Ledger& ledger) {
  const auto text = ledger.get(LedgerTable::kMeta, "counters");
  if (!text) return {};
  return from_text<Counters>(LedgerTable::kMeta, "counters", *text);
}

void put_result(Ledger& ledger,
                const GroupRow& row,
                const GroupResult& result) {
  ledger.put(LedgerTable::kTrajectories, result_key(row), pack_result(result));
}

std::optional<GroupResult> find_result(const Ledger& ledger,
                                       const GroupRow& row) {
  const auto blob = ledger.get(LedgerTable::kTrajectories, result_key(row));
  if (!blob) return std::nullopt;
  try {
    return unpack_result(*blob);
  } catch (const InvalidInput& error) {
    damaged(LedgerTable::kTrajectories, result_key(row), error.what());
  }
}

void drop_result(Ledger& ledger, const GroupRow& row) {
  ledger.erase(LedgerTable::kTrajectories, result_key(row));
}

}  // namespace ume
