#include "launch/results/evaluate.h"

#include <algorithm>
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
  uint64_t done = 0;                 // prompts
  std::optional<Deadline> progress;  // renewed by each batch
};

ChildCommand encode_command(const EvaluateOptions& o, const ShardProcess& p) {
  ChildCommand command;
  command.argv = {o.programs + "/ume-engine",
                  "eval-encode",
                  "--job",
                  job_file(o.shards).string(),
                  "--shard",
                  std::to_string(p.shard.index),
                  "--of",
                  std::to_string(p.shard.count)};
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

// The last line of a shard's log; zeros while there is none.
struct ShardProgress {
  unsigned long long prompts_done = 0;
  double seconds = 0.0;  // since the process began
};

ShardProgress progress_in(const std::string& log) {
  ShardProgress progress;
  if (std::sscanf(last_line(log).c_str(), "%llu %*u %lf",
                  &progress.prompts_done, &progress.seconds) != 2) {
    return {};
  }
  return progress;
}

std::string log_of(const EvaluateOptions& options, int64_t shard) {
  return (options.shards / ("shard-" + std::to_string(shard) + ".log"))
      .string();
}

// How long the shards took side by side, also those of an earlier call.
double encoding_seconds(const EvaluateOptions& options) {
  double longest = 0.0;
  for (int64_t i = 0; i < options.eval.processes; ++i) {
    longest = std::max(longest, progress_in(log_of(options, i)).seconds);
  }
  return longest;
}

// Throws DeadlineExceeded when the shard has stood still for too long.
void watch_progress(const EvaluateOptions& options,
                    const Clock& clock,
                    ShardProcess& p) {
  const uint64_t done = progress_in(p.log).prompts_done;
  if (!p.progress || done != p.done) {
    p.progress.emplace(clock, options.eval.shard_timeout_seconds,
                       options.label + ": evaluation shard " +
                           std::to_string(p.shard.index) +
                           " to encode a batch (see " + p.log + ")");
  }
  p.done = done;
  p.progress->check();
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
    throw Error(exit->run_code(),
                options.label + ": shard " + std::to_string(p.shard.index) +
                    " ended with " + exit->text() + ": " + why);
  }
  ++p.attempts;
  p.progress.reset();  // it begins again
  p.child = ChildProcess::start(encode_command(options, p));
  return true;
}

// Those of the shards that are not there yet.
std::vector<ShardProcess> start_shards(const EvaluateOptions& options) {
  std::vector<ShardProcess> processes;
  for (int64_t i = 0; i < options.eval.processes; ++i) {
    ShardProcess p;
    p.shard = {i, options.eval.processes};
    p.log = log_of(options, i);
    if (shard_exists(options.shards, p.shard)) continue;
    fs::remove(p.log);
    p.attempts = 1;
    p.child = ChildProcess::start(encode_command(options, p));
    processes.push_back(std::move(p));
  }
  return processes;
}

}  // namespace

EncodingJob encoding_job(const EvaluateOptions& options,
                         const EvaluationSet& set) {
  EncodingJob job;
  job.model = options.model;
  job.model_hash = hash_model(options.model);
  job.tasks = options.eval.tasks;
  job.prompts_hash = hash_prompts(set);
  job.split = options.eval.split;
  job.samples = options.eval.samples;
  job.temperature = options.eval.temperature;
  job.max_new_tokens = options.eval.max_new_tokens;
  job.batch_tokens = options.eval.batch_tokens;
  job.seed = options.eval.seed;
  job.data = options.data;
  job.data.media_roots.erase(".");
  return job;
}

std::optional<std::vector<EncodedPrompt>> encode_with_model(
    const EvaluateOptions& options,
    const EncodingJob& job,
    const EvaluationSet& set) {
  if (prepare_shard_folder(options.shards, job)) {
    std::fprintf(stderr,
                 "%s: what %s holds was made with another model, set or "
                 "setting; encoding anew\n",
                 options.label.c_str(), options.shards.c_str());
  }
  std::vector<ShardProcess> processes = start_shards(options);
  const SystemClock clock;
  ProgressLine line(stderr, clock);
  bool working = !processes.empty();
  while (working) {
    if (options.stop != nullptr && *options.stop) return std::nullopt;
    nap(kPollSeconds);
    working = false;
    uint64_t done = 0;
    for (ShardProcess& p : processes) {
      const bool works = tend(options, p);
      if (works) watch_progress(options, clock, p);
      done += works ? p.done : progress_in(p.log).prompts_done;
      working |= works;
    }
    line.update(
        {options.label, "prompts", done, set.prompts.size(), "", std::nullopt});
  }
  return read_shards(options.shards, options.eval.processes,
                     set.prompts.size());
}

std::optional<EvalSummary> evaluate_stage(const EvaluateOptions& options,
                                          const EncodingJob& job,
                                          const EvaluationSet& set,
                                          const std::string& stage) {
  const auto encoded = encode_with_model(options, job, set);
  if (!encoded) return std::nullopt;
  const SystemClock clock;
  const double begin = clock.now_seconds();
  EvalSummary summary = score_tasks(set, *encoded);
  summary.stage = stage;
  summary.model = options.model;
  summary.seconds = encoding_seconds(options) + clock.now_seconds() - begin;
  return summary;
}

}  // namespace ume
