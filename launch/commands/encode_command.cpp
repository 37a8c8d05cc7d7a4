#include "launch/commands/commands.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "common/clock/clock.h"
#include "common/config/config.h"
#include "common/error/error.h"
#include "eval/prompt_encoder.h"
#include "eval/tasks/encoding_job.h"
#include "eval/tasks/evaluation_set.h"
#include "kernels/torch.h"
#include "launch/number_checks.h"

namespace ume {
namespace {

struct EncodeArguments {
  std::string job;  // file
  ShardId shard;
};

EncodeOptions encode_options(const EncodingJob& job) {
  EncodeOptions options;
  options.samples = job.samples;
  options.temperature = job.temperature;
  options.max_new_tokens = job.max_new_tokens;
  options.batch_tokens = job.batch_tokens;
  options.seed = static_cast<uint64_t>(job.seed);
  return options;
}

void encode_shard(const EncodeArguments& arguments) {
  torch::set_num_threads(1);
  const SystemClock clock;
  const double begin = clock.now_seconds();
  const auto job = read_config<EncodingJob>(arguments.job);
  const EvaluationSet set = read_evaluation_set(job.tasks, job.split);
  const ModelConfig config = load_model_config(job.model);
  const Qwen2VL model(config, load_weights(job.model, config));
  PreparerOptions prepare;
  prepare.model_folder = job.model;
  prepare.record_folder = set.media_root;
  prepare.prepare = job.data;
  const TextCodec text(prepare, config);

  std::vector<PreparedPrompt> prompts;
  std::vector<uint64_t> indices;
  for (size_t i = static_cast<size_t>(arguments.shard.index);
       i < set.prompts.size();
       i += static_cast<size_t>(arguments.shard.count)) {
    prompts.push_back(text.prepare(set.prompts[i]));
    indices.push_back(i);
  }
  std::vector<EncodeJob> jobs;
  for (size_t k = 0; k < prompts.size(); ++k) {
    jobs.push_back({&prompts[k], indices[k], set.is_query[indices[k]] != 0});
  }
  const PromptEncoder encoder(model, text, encode_options(job));
  // One line a batch, DONE TOTAL SECONDS: the parent adds up the shards.
  const auto results = encoder.encode(jobs, [&](size_t done) {
    std::printf("%zu %zu %.3f\n", done, jobs.size(),
                clock.now_seconds() - begin);
    std::fflush(stdout);
  });
  write_shard(std::filesystem::path(arguments.job).parent_path(),
              arguments.shard, results);
}

}  // namespace

void add_encode_command(CLI::App& app) {
  auto a = std::make_shared<EncodeArguments>();
  CLI::App* encode = app.add_subcommand(
      "eval-encode", "encode one shard of an evaluation set");
  encode
      ->add_option("--job", a->job,
                   "the order, job.yaml; the shard is written beside it")
      ->required();
  encode->add_option("--shard", a->shard.index, "which shard, from 0")
      ->check(whole_number(0, 65535));
  encode->add_option("--of", a->shard.count, "number of shards")
      ->check(whole_number(1, 65536));
  encode->callback([a] {
    if (a->shard.index >= a->shard.count) {
      throw Error(ExitCode::kUsage, "eval-encode: expected --shard below --of");
    }
    encode_shard(*a);
  });
}

}  // namespace ume
