#include "actors/rewards/policy_keeper.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// A file that changed so recently may still be being written.
constexpr int64_t kSettled = kSecond;

int64_t nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}

// Of content or name; 0: there is no such file.
int64_t change_time(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return 0;
  return nanoseconds(status.st_ctim);
}

int64_t wall_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

int64_t newest_change(const std::string& path, const RewardConfig& config) {
  int64_t newest = change_time(path);
  for (const RewardTermConfig& term : config.terms) {
    if (term.extension.path.empty()) continue;
    newest = std::max(newest, change_time(term.extension.path));
  }
  return newest;
}

// Rollout workers were told at the start how often they may draw.
void check_redraws(const RewardConfig& old, const RewardConfig& fresh) {
  if (old.redraw_limit() == fresh.redraw_limit()) return;
  throw ConfigError(
      "reward.missing_embedding: resample draws a completion anew up to " +
      std::to_string(fresh.redraw_limit()) + " times instead of " +
      std::to_string(old.redraw_limit()) + ", which a run fixes at its start");
}

}  // namespace

PolicyKeeper::PolicyKeeper(RewardPipeline pipeline)
    : pipeline_(std::make_unique<const RewardPipeline>(std::move(pipeline))) {}

PolicyKeeper::PolicyKeeper(PolicySource source, std::atomic<bool>& now)
    : source_(std::move(source)), now_(&now) {
  seen_ = change_time(source_.path);
  start();
}

void PolicyKeeper::start() {
  std::string path = source_.path;
  try {
    pipeline_ = std::make_unique<const RewardPipeline>(source_.load());
    if (source_.accept) source_.accept();
  } catch (const Error& error) {
    path = source_.accepted_path;
    if (!source_.load_accepted || change_time(path) == 0) throw;
    pipeline_ = std::make_unique<const RewardPipeline>(source_.load_accepted());
    ++num_refused_;
    note_ = "started with the policy that was accepted last, " +
            pipeline_->policy_hash() + ": " + error.what();
  }
  policy_time_ = newest_change(path, pipeline_->config());
}

std::string PolicyKeeper::refresh() {
  if (!source_.load) return "";
  if (!note_.empty()) return std::exchange(note_, "");
  const int64_t changed = change_time(source_.path);
  const bool asked = now_->exchange(false);
  if (!asked && changed == seen_) return "";
  if (!asked && wall_time() - changed < kSettled) return "";
  seen_ = changed;
  return load_again();
}

std::string PolicyKeeper::load_again() {
  try {
    auto fresh = std::make_unique<const RewardPipeline>(source_.load());
    check_redraws(pipeline_->config(), fresh->config());
    if (source_.accept) source_.accept();
    if (fresh->policy_hash() == pipeline_->policy_hash()) return "";
    policy_time_ = std::max(newest_change(source_.path, fresh->config()),
                            policy_time_ + 1);
    pipeline_ = std::move(fresh);
    ++num_reloads_;
    return "policy " + pipeline_->policy_hash() + " was loaded";
  } catch (const Error& error) {
    ++num_refused_;
    return "a new policy was refused, " + pipeline_->policy_hash() +
           " stays: " + error.what();
  }
}

}  // namespace ume
