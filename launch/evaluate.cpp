#include "launch/evaluate.h"

#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/progress/progress.h"
#include "eval/tasks/score_tasks.h"
#include "launch/child_process.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr double kPollSeconds = 0.2;

struct ShardProcess {
  ShardId shard;
  std::string log;
  std::optional<ChildProcess> child;
  int attempts = 0;
};

ChildCommand encode_command(const EvaluateOptions& o, const ShardProcess& p) {
  ChildCommand command;
  command.argv = {o.programs + "/ume-engine",
                  "eval-encode",
                  "--model",
                  o.model,
                  "--tasks",
                  o.eval.tasks,
                  "--split",
                  o.eval.split,
                  "--output",
                  o.shards.string(),
                  "--shard",
                  std::to_string(p.shard.index),
                  "--of",
                  std::to_string(p.shard.count),
                  "--samples",
                  std::to_string(o.eval.samples),
                  "--temperature",
                  std::to_string(o.eval.temperature),
                  "--max-new-tokens",
                  std::to_string(o.eval.max_new_tokens),
                  "--batch-tokens",
                  std::to_string(o.eval.batch_tokens),
                  "--seed",
                  std::to_string(o.eval.seed)};
  if (!o.prompt_template.empty()) {
    command.argv.insert(command.argv.end(), {"--template", o.prompt_template});
  }
  command.environment = {"OMP_NUM_THREADS=1"};
  command.log_path = p.log;
  return command;
}

std::string last_line(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

// Prompts done by all shards, from the "DONE TOTAL" lines of their logs.
uint64_t count_done(const std::vector<ShardProcess>& processes) {
  uint64_t done = 0;
  for (const ShardProcess& p : processes) {
    unsigned long long value = 0;
    if (std::sscanf(last_line(p.log).c_str(), "%llu", &value) == 1) {
      done += value;
    }
  }
  return done;
}

// Returns whether the process still works.
bool tend(const EvaluateOptions& options, ShardProcess& p) {
  if (!p.child) return false;
  const std::optional<ChildExit> exit = p.child->poll();
  if (!exit) return true;
  p.child.reset();
  if (exit->clean()) return false;
  const std::string why = last_line(p.log);
  const bool died = exit->signal > 0;
  if (!died || p.attempts >= 2) {
    throw Error(died ? ExitCode::kFailure : static_cast<ExitCode>(exit->code),
                options.label + ": shard " + std::to_string(p.shard.index) +
                    " ended with " + exit->text() + ": " + why);
  }
  ++p.attempts;
  p.child = ChildProcess::start(encode_command(options, p));
  return true;
}

}  // namespace

std::vector<EncodedPrompt> encode_with_model(const EvaluateOptions& options,
                                             const EvaluationSet& set) {
  make_directories(options.shards.string());
  std::vector<ShardProcess> processes;
  for (int64_t i = 0; i < options.eval.processes; ++i) {
    ShardProcess p;
    p.shard = {i, options.eval.processes};
    p.log = (options.shards / ("shard-" + std::to_string(i) + ".log")).string();
    if (shard_exists(options.shards, p.shard)) continue;
    fs::remove(p.log);
    p.attempts = 1;
    p.child = ChildProcess::start(encode_command(options, p));
    processes.push_back(std::move(p));
  }
  const SystemClock clock;
  ProgressLine line(stderr, clock);
  bool working = !processes.empty();
  while (working) {
    nap(kPollSeconds);
    working = false;
    for (ShardProcess& p : processes) working |= tend(options, p);
    line.update({options.label, "prompts", count_done(processes),
                 set.prompts.size(), "", std::nullopt});
  }
  return read_shards(options.shards, options.eval.processes,
                     set.prompts.size());
}

EvalSummary evaluate_stage(const EvaluateOptions& options,
                           const std::string& stage) {
  const SystemClock clock;
  const double begin = clock.now_seconds();
  const EvaluationSet set =
      read_evaluation_set(options.eval.tasks, options.eval.split);
  EvalSummary summary = score_tasks(set, encode_with_model(options, set));
  summary.stage = stage;
  summary.model = options.model;
  summary.seconds = clock.now_seconds() - begin;
  return summary;
}

}  // namespace ume
