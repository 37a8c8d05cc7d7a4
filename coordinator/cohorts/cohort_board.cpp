#include "coordinator/cohorts/cohort_board.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/wire/codec.h"
#include "coordinator/cohorts/result_check.h"

namespace ume {
namespace {

constexpr size_t kMaxHashBytes = 128;
constexpr double kRetryPauseSeconds = 1.0;  // times the failures so far
// A service may ask for no longer pause.
constexpr double kLongestPauseSeconds = 3600.0;

bool is_out(const GroupRow& row) {
  return row.state == GroupState::kQuarantined ||
         row.state == GroupState::kDropped;
}

}  // namespace

CohortBoard::CohortBoard(RunBook& book, const GroupBoard& groups)
    : book_(book), groups_(groups) {}

void CohortBoard::load() {
  cohorts_.clear();
  const auto& rows = groups_.rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (cohorts_.empty() || cohorts_.back().id != rows[i].cohort) {
      State cohort;
      cohort.id = rows[i].cohort;
      cohort.first_row = i;
      cohort.rewarded = book_.ledger()
                            .get(LedgerTable::kRewards, key_number(cohort.id))
                            .has_value();
      cohorts_.push_back(cohort);
    }
    ++cohorts_.back().num_rows;
  }
  drop_hopeless();
}

void CohortBoard::discard_rewards() {
  for (const State& cohort : cohorts_) {
    book_.ledger().erase(LedgerTable::kRewards, key_number(cohort.id));
  }
  load();
}

bool CohortBoard::ready(const State& cohort) const {
  if (cohort.rewarded || cohort.dropped) return false;
  const auto& rows = groups_.rows();
  for (size_t i = 0; i < cohort.num_rows; ++i) {
    const GroupRow& row = rows[cohort.first_row + i];
    if (row.state != GroupState::kFinished && !is_out(row)) return false;
  }
  return true;
}

void CohortBoard::drop_hopeless() {
  for (State& cohort : cohorts_) {
    if (cohort.dropped) continue;
    size_t left = 0;
    for (size_t i = 0; i < cohort.num_rows; ++i) {
      if (!is_out(groups_.rows()[cohort.first_row + i])) ++left;
    }
    if (left >= 4) continue;  // two pairs, both sides
    cohort.dropped = true;
  }
}

CohortParts CohortBoard::parts(const State& cohort) const {
  const PhasePlan& phase = book_.phase(groups_.phase());
  const auto& data = book_.data(groups_.phase());
  CohortParts parts;
  parts.id = cohort.id;
  parts.update = groups_.step();
  parts.group_size = phase.group_size;
  parts.embedding_dim = book_.plan().embedding_dim;
  for (size_t i = 0; i < cohort.num_rows; ++i) {
    const GroupRow& row = groups_.rows()[cohort.first_row + i];
    if (is_out(row)) continue;
    parts.rows.push_back(row);
    if (row.group.side == Side::kTarget) continue;
    const PairRecord& pair = data[row.group.dispatch_index % data.size()];
    parts.sources.push_back(pair.source);
    parts.duplicate_ids.push_back(pair.duplicate_id);
    parts.query_prompts.push_back(pair.query.text);
    parts.target_prompts.push_back(pair.target.text);
  }
  return parts;
}

std::string CohortBoard::known_policy_hash() const {
  return book_.ledger().get(LedgerTable::kMeta, "policy_hash").value_or("");
}

int64_t CohortBoard::known_policy_time() const {
  const auto text = book_.ledger().get(LedgerTable::kMeta, "policy_time");
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

// The newest policy scores whole updates: what the open one already has of
// another is let go, so that no update mixes two.
void CohortBoard::adopt_policy(const CohortRequest& request) {
  const std::string known = known_policy_hash();
  book_.ledger().put(LedgerTable::kMeta, "policy_hash", request.policy_hash);
  book_.ledger().put(LedgerTable::kMeta, "policy_time",
                     std::to_string(request.policy_time));
  if (known.empty()) return;
  const int64_t rescored = num_rewarded();
  discard_rewards();
  book_.event("reward_policy_changed",
              "from " + known + " to " + request.policy_hash + "; " +
                  std::to_string(rescored) +
                  " cohorts of the open update are scored anew");
}

// It would come again: no message that large reaches the service.
CohortOutcome CohortBoard::refuse_large(const Cohort& cohort) {
  const std::string why =
      "cohort " + std::to_string(cohort.id) + " takes " +
      std::to_string(cohort_bytes(cohort) >> 20) + " MiB, a message at most " +
      std::to_string(kMaxMessageBytes >> 20) +
      " MiB: fewer grpo.pairs_per_cohort, or shorter completions";
  book_.event("cohort_too_large", why);
  return {RefusedReply{why}, why};
}

CohortOutcome CohortBoard::offer(const CohortRequest& request, double now) {
  if (request.policy_hash.empty() ||
      request.policy_hash.size() > kMaxHashBytes) {
    return {RefusedReply{"policy_hash: missing or too long"}, {}};
  }
  if (!request.note.empty()) book_.event("reward_service", request.note);
  const std::string known = known_policy_hash();
  if (known != request.policy_hash) {
    if (!known.empty() && request.policy_time <= known_policy_time()) {
      return {WaitReply{book_.config().idle_pause_seconds,
                        "reward policy " + known + "; the service has " +
                            request.policy_hash},
              {}};
    }
    adopt_policy(request);
  }
  for (State& cohort : cohorts_) {
    if (!ready(cohort) || now < cohort.offered_until ||
        now < cohort.not_before) {
      continue;
    }
    CohortReply reply;
    reply.cohort = make_cohort(book_.ledger(), parts(cohort));
    if (cohort_bytes(reply.cohort) > kMaxMessageBytes) {
      return refuse_large(reply.cohort);
    }
    // Not again while the service's terms may still be at it.
    cohort.offered_until =
        now + std::max(book_.config().reward_seconds, request.longest_seconds);
    cohort.offered_to = request.worker;
    reply.input_digest = cohort_digest(reply.cohort);
    return {std::move(reply), {}};
  }
  return {WaitReply{book_.config().pause_seconds, "a complete cohort"}, {}};
}

CohortOutcome CohortBoard::accept(const RewardResultRequest& request,
                                  double now) {
  const auto found = std::find_if(
      cohorts_.begin(), cohorts_.end(),
      [&](const State& cohort) { return cohort.id == request.cohort; });
  if (found == cohorts_.end() || !ready(*found)) {
    return {accept_again(request), {}};
  }
  if (request.table.policy_hash != known_policy_hash()) {
    ++book_.count().late;
    return {RefusedReply{"another reward policy is in force since"}, {}};
  }
  const CohortParts of = parts(*found);
  const Cohort cohort = make_cohort(book_.ledger(), of);
  const std::string digest = cohort_digest(cohort);
  if (request.table.input_digest != digest) {
    ++book_.count().late;
    return {RefusedReply{"the cohort was made anew since"}, {}};
  }
  const auto fault =
      find_fault(request.table, cohort.num_pairs * cohort.group_size,
                 known_policy_hash(), digest);
  // A service that would not even try is not asked before it does.
  const double not_before =
      now +
      std::max(kRetryPauseSeconds * static_cast<double>(found->failures + 1),
               std::min(request.blocked_seconds, kLongestPauseSeconds));
  if (fault) {
    return {RefusedReply{*fault}, count_failure(*found, not_before, *fault)};
  }
  if (const auto failed = find_failed_cell(request.table)) {
    return {AckReply{}, count_failure(*found, not_before, *failed)};
  }
  RewardRow row;
  row.cohort = found->id;
  row.phase = groups_.phase();
  row.step = groups_.step();
  row.dispatch_index = cohort.dispatch_index;
  row.table = request.table;
  put_row(book_.ledger(), row);
  found->rewarded = true;
  return {AckReply{}, {}};
}

// The same answer again, after a lost reply, is acknowledged; any other is
// late.
Reply CohortBoard::accept_again(const RewardResultRequest& request) {
  const auto row =
      find_row<RewardRow>(book_.ledger(), key_number(request.cohort));
  if (row && row->table.input_digest == request.table.input_digest &&
      row->table.policy_hash == request.table.policy_hash) {
    ++book_.count().duplicates;
    if (row->table.total != request.table.total) {
      book_.event("rewards_differ",
                  "cohort " + std::to_string(request.cohort) +
                      " was scored twice with different rewards; the first "
                      "ones count");
    }
    return AckReply{};
  }
  ++book_.count().late;
  return RefusedReply{"the cohort is not waiting for rewards"};
}

// The run's failure when this was the last attempt.
std::optional<std::string> CohortBoard::count_failure(State& cohort,
                                                      double not_before,
                                                      const std::string& why) {
  ++cohort.failures;
  ++book_.count().reward_retries;
  cohort.offered_until = -1.0;
  cohort.not_before = not_before;
  const std::string text = "cohort " + std::to_string(cohort.id) +
                           ", attempt " + std::to_string(cohort.failures) +
                           ": " + why;
  book_.event("reward_failed", text);
  if (cohort.failures < book_.config().reward_attempts) return std::nullopt;
  return "rewards failed: " + text;
}

void CohortBoard::service_restarted(int32_t worker) {
  for (State& cohort : cohorts_) {
    if (cohort.offered_to == worker) cohort.offered_until = -1.0;
  }
}

bool CohortBoard::complete() const {
  return !cohorts_.empty() &&
         std::all_of(cohorts_.begin(), cohorts_.end(), [](const State& cohort) {
           return cohort.rewarded || cohort.dropped;
         });
}

std::vector<RewardRow> CohortBoard::rewards() const {
  std::vector<RewardRow> rows;
  for (const State& cohort : cohorts_) {
    if (!cohort.rewarded || cohort.dropped) continue;
    auto row = find_row<RewardRow>(book_.ledger(), key_number(cohort.id));
    if (row) rows.push_back(std::move(*row));
  }
  return rows;
}

std::string CohortBoard::waits_for() const {
  if (cohorts_.empty()) return "the first weights of the phase";
  for (const State& cohort : cohorts_) {
    if (ready(cohort)) return "rewards of cohort " + std::to_string(cohort.id);
  }
  const auto all = static_cast<int64_t>(groups_.rows().size());
  return "groups: " + std::to_string(groups_.count(GroupState::kFinished)) +
         " of " + std::to_string(all) + " are here";
}

int64_t CohortBoard::num_ready() const {
  return std::count_if(cohorts_.begin(), cohorts_.end(),
                       [&](const State& cohort) { return ready(cohort); });
}

int64_t CohortBoard::num_rewarded() const {
  return std::count_if(cohorts_.begin(), cohorts_.end(),
                       [](const State& cohort) { return cohort.rewarded; });
}

}  // namespace ume
