#include "coordinator/cohorts/group_board.h"

#include <algorithm>

#include "common/error/check.h"
#include "common/text/printable.h"
#include "coordinator/cohorts/result_check.h"
#include "coordinator/ledger/result_blob.h"

namespace ume {
namespace {

constexpr int64_t kRefusalsPerAttempt = 4;

int64_t sum(const std::vector<int64_t>& values) {
  int64_t total = 0;
  for (const int64_t value : values) total += value;
  return total;
}

ResultRules rules_of(const RunBook& book,
                     const LeaseRow& lease,
                     const GroupRow& row,
                     int64_t embedding_dim) {
  const PhasePlan& phase = book.phase(row.phase);
  ResultRules rules;
  rules.version = lease.version;
  rules.weight_hash = lease.weight_hash;
  rules.sampling = phase.sampling;
  rules.group_size = phase.group_size;
  rules.embedding_dim = embedding_dim;
  rules.vocab_size = book.plan().vocab_size;
  rules.prompt_digest = row.prompt_digest;
  rules.max_prompt_tokens = book.config().max_prompt_tokens;
  rules.max_completion_bytes = book.config().max_completion_bytes;
  return rules;
}

}  // namespace

GroupBoard::GroupBoard(RunBook& book, WorkerTable& workers)
    : book_(book), workers_(workers) {}

void GroupBoard::load(uint32_t phase, uint64_t step, double now) {
  close();
  rows_ = load_rows<GroupRow>(book_.ledger(), GroupRow::prefix(phase, step));
  if (rows_.empty()) return;
  open_ = true;
  phase_ = phase;
  step_ = step;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const GroupRow& row = rows_[i];
    index_[row.group] = i;
    if (row.state != GroupState::kLeased) continue;
    const auto lease =
        find_row<LeaseRow>(book_.ledger(), key_number(row.fencing));
    UME_CHECK(lease.has_value(), "a leased group has its lease in the ledger");
    leases_[row.fencing] = {*lease, i, now + book_.config().lease_seconds,
                            now + book_.config().group_seconds, true};
  }
}

void GroupBoard::open(uint32_t phase,
                      uint64_t step,
                      const WeightManifest& weights) {
  close();
  open_ = true;
  phase_ = phase;
  step_ = step;
  const PhasePlan& plan = book_.phase(phase);
  const auto indices = dispatch_indices(plan, book_.data(phase).size(), step);
  const auto cohorts = static_cast<uint64_t>(plan.cohorts_per_update);
  const uint64_t first_cohort =
      base_cohort(book_.plan(), phase) + step * cohorts;
  for (size_t i = 0; i < indices.size(); ++i) {
    for (const Side side : {Side::kQuery, Side::kTarget}) {
      GroupRow row;
      row.phase = phase;
      row.step = step;
      row.cohort =
          first_cohort + i / static_cast<size_t>(plan.pairs_per_cohort);
      row.group = {indices[i], side};
      row.weight_hash = weights.hash;
      row.version = weights.version;
      index_[row.group] = rows_.size();
      put(row);
      rows_.push_back(std::move(row));
    }
  }
}

bool GroupBoard::renew_weights(const WeightManifest& weights) {
  bool stale = false;
  for (size_t i = 0; i < rows_.size(); ++i) {
    GroupRow& row = rows_[i];
    if (row.weight_hash == weights.hash) continue;
    stale = true;
    if (row.state == GroupState::kLeased) {
      end_lease(row.fencing, LeaseOutcome::kStale);
    }
    if (row.state == GroupState::kFinished) {
      drop_result(book_.ledger(), row);
      ++book_.count().stale;
    }
    if (row.state == GroupState::kLeased ||
        row.state == GroupState::kFinished) {
      row.state = GroupState::kPending;
      row.completion_tokens.clear();
      row.result_digest.clear();
    }
    row.weight_hash = weights.hash;
    row.version = weights.version;
    put(row);
  }
  return stale;
}

void GroupBoard::close() {
  open_ = false;
  rows_.clear();
  index_.clear();
  leases_.clear();
}

int64_t GroupBoard::count(GroupState state) const {
  return std::count_if(rows_.begin(), rows_.end(),
                       [&](const GroupRow& row) { return row.state == state; });
}

Reply GroupBoard::lease(int32_t worker,
                        const WeightManifest& weights,
                        double now) {
  WorkerState& state = workers_.seen(Role::kRollout, worker, now);
  if (now < state.barred_until) {
    return WaitReply{book_.config().idle_pause_seconds,
                     "left out for a while after groups that it spoilt"};
  }
  const auto next = std::find_if(
      rows_.begin(), rows_.end(),
      [](const GroupRow& row) { return row.state == GroupState::kPending; });
  if (next == rows_.end()) {
    return WaitReply{book_.config().pause_seconds, "the update to finish"};
  }
  GroupRow& row = *next;
  row.state = GroupState::kLeased;
  row.fencing = book_.count().next_fencing++;
  row.version = weights.version;
  put(row);
  Lease lease{{row.fencing, row.phase, row.step, row.group, worker, state.start,
               weights.version, weights.hash, LeaseOutcome::kActive},
              static_cast<size_t>(next - rows_.begin()),
              now + book_.config().lease_seconds,
              now + book_.config().group_seconds,
              false};
  put_row(book_.ledger(), lease.row);
  leases_[row.fencing] = lease;
  ++book_.count().leases;
  const PhasePlan& phase = book_.phase(row.phase);
  const auto& data = book_.data(row.phase);
  const PairRecord& pair = data[row.group.dispatch_index % data.size()];
  return LeaseReply{row.group,
                    row.fencing,
                    book_.config().lease_seconds,
                    static_cast<int32_t>(phase.group_size),
                    book_.plan().run_seed,
                    phase.sampling,
                    row.group.side == Side::kQuery ? pair.query : pair.target,
                    weights};
}

Reply GroupBoard::renew(const RenewRequest& request, double now) {
  const auto found = leases_.find(request.fencing);
  if (found == leases_.end() || found->second.row.group != request.group ||
      found->second.row.worker != request.worker) {
    return RefusedReply{"this lease is over"};
  }
  Lease& lease = found->second;
  lease.deadline =
      std::min(now + book_.config().lease_seconds, lease.hard_deadline);
  return AckReply{};
}

Reply GroupBoard::accept(const GroupResultRequest& request, double now) {
  const GroupResult& result = request.result;
  const auto found = leases_.find(result.fencing);
  if (found == leases_.end() || found->second.row.group != result.group ||
      found->second.row.worker != request.worker) {
    return refuse_late(request);
  }
  const size_t index = found->second.index;
  const auto fault = find_fault(
      result,
      rules_of(book_, found->second.row, rows_[index], embedding_dim()));
  if (!fault) {
    take(request, index, now);
    return AckReply{};
  }
  ++book_.count().refused;
  strike(request.worker, now);
  const std::string why = "worker " + std::to_string(request.worker) + ", " +
                          group_text(result.group) + ": " + *fault;
  book_.event("result_refused", why);
  end_lease(result.fencing, LeaseOutcome::kRefused);
  spoil(index, true, why);
  return RefusedReply{*fault};
}

void GroupBoard::take(const GroupResultRequest& request,
                      size_t index,
                      double now) {
  const GroupResult& result = request.result;
  GroupRow& row = rows_[index];
  row.state = GroupState::kFinished;
  row.version = result.version;
  row.weight_hash = result.weight_hash;
  row.prompt_digest = result.prompt_digest;
  row.prompt_tokens = result.prompt_tokens;
  row.completion_tokens.clear();
  for (const Trajectory& t : result.trajectories) {
    row.completion_tokens.push_back(static_cast<int64_t>(t.ids.size()));
  }
  row.result_digest = result_digest(result);
  put(row);
  put_result(book_.ledger(), row, result);
  fix_dimension(result);
  end_lease(result.fencing, LeaseOutcome::kAccepted);
  ++book_.count().accepted;
  ++groups_accepted_;
  tokens_accepted_ += sum(row.completion_tokens);
  WorkerState& worker = workers_.seen(Role::kRollout, request.worker, now);
  worker.strikes = 0;
  ++worker.done;
}

// A lost reply makes a sampler send an accepted result again; anything else
// comes from a lease that is over.
Reply GroupBoard::refuse_late(const GroupResultRequest& request) {
  const GroupResult& result = request.result;
  const auto lease =
      find_row<LeaseRow>(book_.ledger(), key_number(result.fencing));
  if (lease && lease->outcome == LeaseOutcome::kAccepted &&
      lease->group == result.group && lease->worker == request.worker) {
    ++book_.count().duplicates;
    return AckReply{};
  }
  ++book_.count().late;
  const auto index = find(result.group);
  if (lease && index && rows_[*index].state == GroupState::kFinished &&
      rows_[*index].prompt_digest != result.prompt_digest) {
    book_.event("prompt_differs",
                group_text(result.group) + ": worker " +
                    std::to_string(request.worker) +
                    " prepared another prompt than the accepted result has");
  }
  return RefusedReply{"this lease is over"};
}

void GroupBoard::expire(double now) {
  std::vector<uint64_t> late;
  for (const auto& [fencing, lease] : leases_) {
    if (now >= lease.deadline) late.push_back(fencing);
  }
  for (const uint64_t fencing : late) {
    const Lease lease = leases_.at(fencing);
    const std::string why =
        "worker " + std::to_string(lease.row.worker) + ", " +
        group_text(lease.row.group) +
        (now >= lease.hard_deadline ? ": not finished in time"
                                    : ": not renewed");
    ++book_.count().expired;
    book_.event("lease_expired", why);
    strike(lease.row.worker, now);
    end_lease(fencing, LeaseOutcome::kExpired);
    spoil(lease.index, false, why);
  }
}

void GroupBoard::release(int32_t worker, const std::string& start) {
  std::vector<uint64_t> lost;
  for (const auto& [fencing, lease] : leases_) {
    if (lease.row.worker == worker && !lease.row.holder.empty() &&
        lease.row.holder != start) {
      lost.push_back(fencing);
    }
  }
  for (const uint64_t fencing : lost) {
    const Lease lease = leases_.at(fencing);
    end_lease(fencing, LeaseOutcome::kLost);
    if (lease.inherited) {  // the whole run may have been stopped
      give_back(lease.index);
    } else {
      spoil(lease.index, false,
            "worker " + std::to_string(worker) + " was restarted");
    }
  }
}

std::optional<size_t> GroupBoard::find(const GroupId& group) const {
  const auto found = index_.find(group);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

void GroupBoard::put(const GroupRow& row) {
  put_row(book_.ledger(), row);
}

void GroupBoard::end_lease(uint64_t fencing, LeaseOutcome outcome) {
  const auto found = leases_.find(fencing);
  UME_CHECK(found != leases_.end(), "only active leases end");
  found->second.row.outcome = outcome;
  put_row(book_.ledger(), found->second.row);
  leases_.erase(found);
}

void GroupBoard::give_back(size_t index) {
  rows_[index].state = GroupState::kPending;
  put(rows_[index]);
}

// A group may be the cause of what happens to its samplers. A refused result is
// rather the sampler's fault, so more of those are allowed.
void GroupBoard::spoil(size_t index, bool refused, const std::string& why) {
  GroupRow& row = rows_[index];
  ++(refused ? row.refusals : row.attempts);
  const int64_t limit = book_.config().max_attempts;
  if (row.attempts >= limit || row.refusals >= kRefusalsPerAttempt * limit) {
    quarantine(index, why);
  } else {
    give_back(index);
  }
}

// The pair's other side goes with it: a cohort holds whole pairs.
void GroupBoard::quarantine(size_t index, const std::string& why) {
  GroupRow& row = rows_[index];
  row.state = GroupState::kQuarantined;
  put(row);
  ++book_.count().quarantined;
  book_.event("group_quarantined",
              group_text(row.group) + " after " +
                  std::to_string(row.attempts + row.refusals) +
                  " attempts; last: " + why);
  GroupRow& other = rows_[index ^ 1];
  if (other.state == GroupState::kQuarantined) return;
  if (other.state == GroupState::kLeased) {
    end_lease(other.fencing, LeaseOutcome::kStale);
  }
  if (other.state == GroupState::kFinished) {
    drop_result(book_.ledger(), other);
  }
  other.state = GroupState::kDropped;
  put(other);
}

void GroupBoard::strike(int32_t worker, double now) {
  WorkerState& state = workers_.entry(Role::kRollout, worker, now);
  if (++state.strikes < book_.config().worker_strikes) return;
  state.strikes = 0;
  const double seconds = book_.config().worker_bar_seconds;
  state.barred_until = now + seconds;
  book_.event("worker_left_out", "worker " + std::to_string(worker) + " for " +
                                     short_number(seconds) + " s");
}

int64_t GroupBoard::embedding_dim() const {
  if (book_.plan().embedding_dim > 0) return book_.plan().embedding_dim;
  const auto fixed = book_.ledger().get(LedgerTable::kMeta, "embedding_dim");
  return fixed ? std::stoll(*fixed) : 0;
}

void GroupBoard::fix_dimension(const GroupResult& result) {
  if (embedding_dim() > 0) return;
  size_t dim = result.disc_embedding.size();
  for (const Trajectory& t : result.trajectories) {
    dim = std::max(dim, t.gen_embedding.size());
  }
  if (dim == 0) return;
  book_.ledger().put(LedgerTable::kMeta, "embedding_dim", std::to_string(dim));
}

}  // namespace ume
