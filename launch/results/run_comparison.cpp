#include "launch/results/run_comparison.h"

#include <filesystem>
#include <set>
#include <sstream>

#include "actors/role_client.h"
#include "common/config/config.h"
#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// A run's folder as it was given, with what it was configured to do.
struct Run {
  std::string source;
  RunDirectory directory;
  RunConfig config;
};

[[noreturn]] void refuse(const Run& run, const std::string& what) {
  throw ConfigError(run.source + ": cannot be compared: " + what);
}

Run open_run(const std::string& folder) {
  const RunDirectory directory{fs::absolute(folder).lexically_normal()};
  const std::string path = directory.config().string();
  if (!fs::is_regular_file(path)) {
    throw ConfigError(folder + ": not a run's directory: " + path +
                      " does not exist");
  }
  return {folder, directory, load_run_config(directory)};
}

EvalSummary read_stage(const Run& run, const std::string& stage) {
  const fs::path path = run.directory.eval() / (stage + ".json");
  if (!fs::exists(path)) {
    throw InvalidInput(run.source + ": cannot be compared: " + path.string() +
                       " is missing: did the run finish its eval phase with "
                       "stage " +
                       stage + "?");
  }
  return parse_eval_summary(read_file(path.string(), uint64_t{1} << 30),
                            path.string());
}

// Refuses the run where a section's resolved values are not the wanted ones,
// naming the first line that differs.
template <class Section>
void need_equal(const Run& run,
                const std::string& name,
                const Section& wanted,
                const Section& found) {
  std::istringstream want(dump_config(wanted));
  std::istringstream got(dump_config(found));
  std::string expected;
  std::string line;
  while (std::getline(want, expected), std::getline(got, line)) {
    if (line != expected) {
      refuse(run, name + " differs: found '" + line + "', expected '" +
                      expected + "'");
    }
  }
}

// What a run's sampled answers are measured with; the number of processes and
// the size of their batches change nothing.
void check_eval(const Run& main, const Run& run) {
  EvalConfig wanted = main.config.eval;
  wanted.tasks = run.config.eval.tasks;  // the evaluations name their questions
  wanted.stages = run.config.eval.stages;
  wanted.batch_tokens = run.config.eval.batch_tokens;
  wanted.processes = run.config.eval.processes;
  wanted.shard_timeout_seconds = run.config.eval.shard_timeout_seconds;
  wanted.reference = run.config.eval.reference;
  wanted.bootstrap_resamples = run.config.eval.bootstrap_resamples;
  need_equal(run, "eval", wanted, run.config.eval);
}

bool is_same_path(const std::string& a, const std::string& b) {
  return fs::weakly_canonical(a) == fs::weakly_canonical(b);
}

bool starts_from_sft_of(const Run& main, const Run& run) {
  const fs::path model = fs::weakly_canonical(run.config.model.path);
  const fs::path folder = fs::weakly_canonical(
      main.directory.checkpoints() / "sft" /
      step_name(static_cast<uint64_t>(main.config.sft.steps)) / "model");
  return model == folder;
}

void check_base(const Run& main, const Run& run) {
  if (is_same_path(main.config.model.path, run.config.model.path)) return;
  refuse(run, "model.path is " + run.config.model.path + ", expected " +
                  main.config.model.path + " or the SFT model of " +
                  main.source);
}

// The evaluation before GRPO: the run's own, or that of the SFT model that it
// started from.
EvalSummary before_grpo(const Run& main, const Run& run) {
  if (run.config.has_phase("sft")) {
    check_base(main, run);
    need_equal(run, "sft", main.config.sft, run.config.sft);
    return read_stage(run, "sft");
  }
  if (!starts_from_sft_of(main, run)) {
    refuse(run, "it has no SFT phase and model.path is " +
                    run.config.model.path + ", expected the SFT model of " +
                    main.source);
  }
  return read_stage(main, "sft");
}

ComparedRun read_run(const Run& main, const Run& run) {
  check_eval(main, run);
  need_equal(run, "data", main.config.data, run.config.data);
  need_equal(run, "grpo", main.config.grpo, run.config.grpo);
  need_equal(run, "rollout.sampling", main.config.rollout.sampling,
             run.config.rollout.sampling);
  ComparedRun out;
  out.source = run.source;
  out.before = before_grpo(main, run);
  out.after = read_stage(run, "grpo");
  return out;
}

ComparedRun read_seed(const Run& main, const Run& run) {
  need_equal(run, "reward", main.config.reward, run.config.reward);
  ComparedRun out = read_run(main, run);
  out.label = "seed " + std::to_string(run.config.run.seed);
  if (!run.config.has_phase("sft")) out.label += ", same SFT";
  return out;
}

ComparedRun read_control(const Run& main, const Run& run) {
  RewardConfig wanted = main.config.reward;
  if (run.config.reward.control == wanted.control) {
    refuse(run, "reward.control is " + wanted.control +
                    " as in the run itself; expected a control");
  }
  wanted.control = run.config.reward.control;
  wanted.control_seed = run.config.reward.control_seed;
  need_equal(run, "reward", wanted, run.config.reward);
  ComparedRun out = read_run(main, run);
  out.label = "control (" + run.config.reward.control + ")";
  return out;
}

ReferenceRun read_reference(const Run& main, const Run& run) {
  check_eval(main, run);
  check_base(main, run);
  need_equal(run, "data", main.config.data, run.config.data);
  SftConfig wanted = main.config.sft;
  if (is_same_path(wanted.data, run.config.sft.data)) {
    refuse(run, "sft.data is that of the run itself; expected other traces");
  }
  wanted.data = run.config.sft.data;
  need_equal(run, "sft", wanted, run.config.sft);
  return {run.source, read_stage(run, "sft")};
}

}  // namespace

RunComparison read_comparison(const RunConfig& config,
                              const RunDirectory& directory,
                              const ComparedFolders& folders) {
  const Run main{directory.root.string(), directory, config};
  RunComparison out;
  out.run = read_seed(main, main);
  std::set<int64_t> seeds{config.run.seed};
  for (const std::string& folder : folders.seeds) {
    const Run run = open_run(folder);
    if (!seeds.insert(run.config.run.seed).second) {
      refuse(run, "seed " + std::to_string(run.config.run.seed) +
                      " is there already");
    }
    out.seeds.push_back(read_seed(main, run));
  }
  if (folders.control) {
    out.control = read_control(main, open_run(*folders.control));
  }
  if (folders.reference) {
    out.clean = read_reference(main, open_run(*folders.reference));
  }
  return out;
}

}  // namespace ume
