#include "reward/judge/judge_term.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "common/clock/clock.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "common/http/http_client.h"
#include "reward/extension_input.h"
#include "reward/judge/judge_caller.h"
#include "reward/judge/judge_prompt.h"
#include "reward/secret_file.h"

namespace ume {
namespace {

// A longer completion is not sent.
constexpr size_t kMaxCompletionBytes = 64 << 10;
constexpr size_t kMaxKept = 100000;  // scores

// Throws InvalidInput for what is no URL.
bool may_carry_key(const std::string& text) {
  const UrlParts url = parse_url(text);
  return url.scheme == "https" || url.host == "127.0.0.1" ||
         url.host == "localhost" || url.host == "[::1]";
}

std::string api_key(const ExtensionConfig& config,
                    const RewardEnvironment& environment) {
  if (config.api_key_file.empty() && config.api_key_env.empty()) return "";
  if (!may_carry_key(config.url)) {
    throw ConfigError(
        "the key would travel unencrypted: the url is not https:// and names "
        "another machine");
  }
  if (!config.api_key_file.empty())
    return read_secret_file(config.api_key_file);
  const auto key = environment.variable(config.api_key_env);
  if (!key || key->empty()) {
    throw ConfigError("the environment variable " + config.api_key_env +
                      " is not set");
  }
  return *key;
}

// Question -> the rows that ask it.
using Questions = std::map<std::string, std::vector<RewardCell*>>;

class JudgeTerm : public RewardPolicy {
 public:
  JudgeTerm(const ExtensionConfig& config, const std::string& key)
      : config_(config), caller_(config, key, clock_) {}

  std::string_view name() const override { return "judge"; }
  bool compares_pairs() const override { return false; }

  RewardColumn score(const CohortView& view) const override {
    const Cohort cohort = extension_input(view);
    RewardColumn column{"", std::vector<RewardCell>(view.num_rows()),
                        std::vector<RewardCell>(view.num_rows())};
    Questions questions;
    collect(cohort, Side::kQuery, column.query, questions);
    collect(cohort, Side::kTarget, column.target, questions);
    answer_known(questions);
    answer(questions);
    return column;
  }

  void report(std::map<std::string, double>& metrics) const override {
    caller_.report(metrics);
  }
  double blocked_seconds() const override { return caller_.blocked_seconds(); }

 private:
  void collect(const Cohort& cohort,
               Side side,
               std::vector<RewardCell>& cells,
               Questions& questions) const {
    const auto& texts =
        (side == Side::kQuery ? cohort.query : cohort.target).completions;
    for (size_t row = 0; row < cells.size(); ++row) {
      if (texts[row].size() > kMaxCompletionBytes) {
        cells[row] = {CellState::kInvalid, 0.0,
                      "the completion has " +
                          std::to_string(texts[row].size()) +
                          " bytes, a judge is sent at most " +
                          std::to_string(kMaxCompletionBytes)};
        continue;
      }
      questions[judge_prompt(config_.prompt, cohort, side,
                             static_cast<int64_t>(row))]
          .push_back(&cells[row]);
    }
  }

  void answer_known(Questions& questions) const {
    const std::lock_guard lock(mu_);
    for (auto at = questions.begin(); at != questions.end();) {
      const auto known = known_.find(xxh3_hex(at->first));
      if (known == known_.end()) {
        ++at;
        continue;
      }
      for (RewardCell* cell : at->second) cell->value = known->second;
      at = questions.erase(at);
    }
  }

  void answer(const Questions& questions) const {
    const Deadline deadline(clock_,
                            static_cast<double>(config_.deadline_ms) * 1e-3,
                            "the judge's scores of a cohort");
    std::mutex next_mu;
    auto next = questions.begin();
    const auto work = [&](HttpClient& client) {
      for (;;) {
        auto mine = questions.end();
        {
          const std::lock_guard lock(next_mu);
          if (next == questions.end()) return;
          mine = next++;
        }
        const RewardCell cell = ask(mine->first, client, deadline);
        for (RewardCell* row : mine->second) *row = cell;
        if (cell.state == CellState::kValue) keep(mine->first, cell.value);
      }
    };
    const size_t num_threads =
        std::min(static_cast<size_t>(config_.concurrency), questions.size());
    std::vector<HttpClient> clients(num_threads);
    std::vector<std::jthread> threads;
    for (HttpClient& client : clients) {
      threads.emplace_back(work, std::ref(client));
    }
  }

  // Nothing leaves a thread but a cell.
  RewardCell ask(const std::string& question,
                 HttpClient& client,
                 const Deadline& deadline) const {
    try {
      return caller_.ask(question, client, deadline);
    } catch (const std::exception& error) {
      return {CellState::kFailed, 0.0, error.what()};
    }
  }

  void keep(const std::string& question, double value) const {
    const std::lock_guard lock(mu_);
    if (known_.size() >= kMaxKept) known_.clear();
    known_[xxh3_hex(question)] = value;
  }

  const ExtensionConfig config_;
  const SystemClock clock_;
  mutable JudgeCaller caller_;
  mutable std::mutex mu_;
  // By the question's hash; guarded by mu_.
  mutable std::map<std::string, double> known_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_judge_term(
    const RewardTermConfig& config, const RewardEnvironment& environment) {
  config.extension.validate(config.name, "reward.terms." + config.column());
  try {
    return std::make_unique<JudgeTerm>(config.extension,
                                       api_key(config.extension, environment));
  } catch (const Error& error) {
    throw ConfigError("reward.terms." + config.column() + ": " + error.what());
  }
}

}  // namespace ume
