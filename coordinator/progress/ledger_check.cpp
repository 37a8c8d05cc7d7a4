#include "coordinator/progress/ledger_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/hash/xxh3.h"
#include "coordinator/ledger/ledger_rows.h"

namespace ume {
namespace {

using Broken = std::vector<std::string>;
using StepKey = std::pair<uint32_t, uint64_t>;  // phase, step

std::map<StepKey, std::vector<GroupRow>> groups_by_step(const Ledger& ledger) {
  std::map<StepKey, std::vector<GroupRow>> steps;
  for (GroupRow& row : load_rows<GroupRow>(ledger)) {
    steps[{row.phase, row.step}].push_back(std::move(row));
  }
  return steps;
}

std::map<StepKey, BatchRow> batches_by_step(const Ledger& ledger) {
  std::map<StepKey, BatchRow> batches;
  for (BatchRow& row : load_rows<BatchRow>(ledger)) {
    const StepKey key{row.phase, row.step};
    batches.emplace(key, std::move(row));
  }
  return batches;
}

void check_state(const Ledger& ledger,
                 const GroupRow& row,
                 const BatchRow* batch,
                 Broken& broken) {
  const std::string name = "I1: group " + row.key() + " is " +
                           std::string(group_state_name(row.state));
  const bool consumed = row.state == GroupState::kConsumed;
  const bool has_result =
      ledger.get(LedgerTable::kTrajectories, row.key()).has_value();
  const bool exported = batch && batch->state == BatchState::kExported;
  const bool needs_result =
      row.state == GroupState::kFinished || (consumed && !exported);
  if (needs_result != has_result) {
    broken.push_back(name + (has_result ? ", but has trajectories"
                                        : " without trajectories"));
  }
  if (consumed && !batch) broken.push_back(name + " without a batch");
  const bool open = row.state == GroupState::kPending ||
                    row.state == GroupState::kLeased ||
                    row.state == GroupState::kFinished;
  if (open && batch) broken.push_back(name + ", but its batch is fixed");
  const auto lease = find_row<LeaseRow>(ledger, key_number(row.fencing));
  const auto outcome = [&](LeaseOutcome wanted) {
    return lease && lease->group == row.group && lease->phase == row.phase &&
           lease->outcome == wanted;
  };
  if (row.state == GroupState::kLeased && !outcome(LeaseOutcome::kActive)) {
    broken.push_back(name + " without its lease");
  }
  if ((row.state == GroupState::kFinished || consumed) &&
      !outcome(LeaseOutcome::kAccepted)) {
    broken.push_back(name + " without an accepted lease");
  }
}

void check_order(const StepKey& step,
                 const std::vector<GroupRow>& rows,
                 const RunPlan& plan,
                 const PhaseData& data,
                 Broken& broken) {
  const auto& [phase, number] = step;
  const std::string name =
      "phase " + std::to_string(phase) + " step " + std::to_string(number);
  if (phase >= plan.phases.size() ||
      plan.phases[phase].kind != PhaseKind::kGrpo) {
    broken.push_back("I2: " + name + " has groups, but samples nothing");
    return;
  }
  std::set<GroupId> expected;
  for (const uint64_t index :
       dispatch_indices(plan.phases[phase], data[phase].size(), number)) {
    expected.insert({index, Side::kQuery});
    expected.insert({index, Side::kTarget});
  }
  std::set<GroupId> found;
  for (const GroupRow& row : rows) found.insert(row.group);
  if (found.size() != rows.size() || found != expected) {
    broken.push_back("I2: " + name + " has other groups than the order gives");
  }
  if (rows.size() != expected.size()) {
    broken.push_back("I3: " + name + " sent out " +
                     std::to_string(expected.size()) + " groups and has " +
                     std::to_string(rows.size()));
  }
}

void check_leases(const Ledger& ledger, Broken& broken) {
  const uint64_t next = load_counters(ledger).next_fencing;
  uint64_t last = 0;
  std::set<std::tuple<uint32_t, uint64_t, GroupId>> accepted;
  for (const LeaseRow& lease : load_rows<LeaseRow>(ledger)) {
    const std::string name = "lease " + std::to_string(lease.fencing);
    if (lease.fencing <= last) broken.push_back("I4: " + name + " repeats");
    if (lease.fencing >= next) {
      broken.push_back("I4: " + name + " is not below the next number " +
                       std::to_string(next));
    }
    last = lease.fencing;
    if (lease.outcome != LeaseOutcome::kActive) continue;
    GroupRow key;
    key.phase = lease.phase;
    key.step = lease.step;
    key.group = lease.group;
    const auto row = find_row<GroupRow>(ledger, key.key());
    if (!row || row->state != GroupState::kLeased ||
        row->fencing != lease.fencing) {
      broken.push_back("I1: " + name +
                       " is active, but its group is not in it");
    }
  }
}

void check_version(const GroupRow& row, const RunPlan& plan, Broken& broken) {
  if (row.state != GroupState::kConsumed) return;
  const uint64_t expected = base_update(plan, row.phase) + row.step;
  if (row.version.update == expected) return;
  broken.push_back("I6: group " + row.key() + " was made by update " +
                   std::to_string(row.version.update) + ", expected " +
                   std::to_string(expected));
}

}  // namespace

std::vector<std::string> ledger_digest_lines(const Ledger& ledger) {
  std::vector<std::string> lines;
  for (const GroupRow& row : load_rows<GroupRow>(ledger)) {
    const bool counts = row.state == GroupState::kConsumed ||
                        row.state == GroupState::kQuarantined ||
                        row.state == GroupState::kDropped;
    if (!counts) continue;
    std::string line =
        "group " + row.key() + " " + std::string(group_state_name(row.state));
    if (row.state == GroupState::kConsumed) {
      line += " " + row.result_digest + " " + row.reward_digest;
    }
    lines.push_back(std::move(line));
  }
  for (const VersionRow& row : load_rows<VersionRow>(ledger)) {
    lines.push_back("weights " + key_number(row.weights.version.update) + " " +
                    row.weights.hash);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string ledger_digest(const Ledger& ledger) {
  Xxh3Hasher hasher;
  for (const std::string& line : ledger_digest_lines(ledger)) {
    hasher.update_field(line);
  }
  return hasher.hex();
}

std::vector<std::string> check_invariants(const Ledger& ledger,
                                          const RunPlan& plan,
                                          const PhaseData& data) {
  Broken broken;
  const auto batches = batches_by_step(ledger);
  for (const auto& [step, rows] : groups_by_step(ledger)) {
    const auto found = batches.find(step);
    const BatchRow* batch = found == batches.end() ? nullptr : &found->second;
    check_order(step, rows, plan, data, broken);
    for (const GroupRow& row : rows) {
      check_state(ledger, row, batch, broken);
      check_version(row, plan, broken);
    }
  }
  check_leases(ledger, broken);
  return broken;
}

}  // namespace ume
