#include "launch/encode_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "common/error/error.h"
#include "eval/prompt_encoder.h"
#include "eval/tasks/evaluation_set.h"
#include "kernels/torch.h"

namespace ume {
namespace {

struct EncodeArguments {
  std::string model;
  std::string tasks;
  std::string split = "test";
  std::string output;
  std::string prompt_template;  // empty: the model's own
  ShardId shard;
  EncodeOptions options;
};

void encode_shard(const EncodeArguments& arguments) {
  torch::set_num_threads(1);
  const EvaluationSet set =
      read_evaluation_set(arguments.tasks, arguments.split);
  const ModelConfig config = load_model_config(arguments.model);
  const Qwen2VL model(config, load_weights(arguments.model, config));
  PreparerOptions prepare;
  prepare.model_folder = arguments.model;
  prepare.record_folder = set.media_root;
  if (!arguments.prompt_template.empty()) {
    prepare.prepare.prompt_template = arguments.prompt_template;
  }
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
  const PromptEncoder encoder(model, text, arguments.options);
  // One line a batch: the parent adds up the shards.
  const auto results = encoder.encode(jobs, [&](size_t done) {
    std::printf("%zu %zu\n", done, jobs.size());
    std::fflush(stdout);
  });
  write_shard(arguments.output, arguments.shard, results);
}

}  // namespace

void add_encode_command(CLI::App& app) {
  auto a = std::make_shared<EncodeArguments>();
  CLI::App* encode = app.add_subcommand(
      "eval-encode", "encode one shard of an evaluation set");
  encode->add_option("--model", a->model, "model folder")->required();
  encode->add_option("--tasks", a->tasks, "tasks.json")->required();
  encode->add_option("--split", a->split, "split of the tasks");
  encode->add_option("--output", a->output, "folder of the shards")->required();
  encode->add_option("--template", a->prompt_template, "prompt template");
  encode->add_option("--shard", a->shard.index, "which shard");
  encode->add_option("--of", a->shard.count, "number of shards");
  encode->add_option("--samples", a->options.samples, "answers per query");
  encode->add_option("--temperature", a->options.temperature, "of the answers");
  encode->add_option("--max-new-tokens", a->options.max_new_tokens,
                     "longest answer");
  encode->add_option("--batch-tokens", a->options.batch_tokens,
                     "prompt tokens a pass");
  encode->add_option("--seed", a->options.seed, "of the answers");
  encode->callback([a] { encode_shard(*a); });
}

}  // namespace ume
