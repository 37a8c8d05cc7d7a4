#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>

#include "common/clock/clock.h"
#include "common/progress/progress.h"
#include "data/tokenizer/embedding_tokens.h"
#include "launch/command_line.h"
#include "launch/commands/model_output.h"
#include "launch/number_checks.h"
#include "model/weights/stored_weights.h"

namespace ume {
namespace {

struct InitArguments {
  std::string config;
  std::string output;
  std::string companions;
  uint64_t seed = 1;
  std::string dtype = "bfloat16";
};

struct PrepareArguments {
  std::string model;
  std::string output;
};

void report(const std::string& folder, const ModelConfig& config) {
  int64_t parameters = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    parameters += num_elements(spec);
  }
  std::fprintf(stderr, "%s: %lld parameters\n", folder.c_str(),
               static_cast<long long>(parameters));
}

void init_model(const InitArguments& a) {
  refuse_model_folder(a.output);
  const ModelConfig config = load_model_config(a.config);
  const SystemClock clock;
  ProgressLine line(stderr, clock);
  WriteModelOptions options = model_output_options(a.dtype, line, "init");
  options.companions = {a.config};
  if (!a.companions.empty()) {
    check_companions(a.companions);
    options.companions.push_back(a.companions);
  }
  write_model(a.output, config, init_reader(config, a.seed), options);
  line.finish();
  report(a.output, config);
}

void prepare_model(const PrepareArguments& a) {
  refuse_model_folder(a.output);
  const ModelConfig config = load_model_config(a.model);
  const EmbeddingTokens tokens =
      add_embedding_tokens(a.model, config.vocab_size);
  const StoredWeights stored = StoredWeights::open(a.model, config);
  stored.check();
  WeightReader read = stored.reader();
  if (!tokens.were_there) {
    read = with_copied_rows(std::move(read),
                            {{tokens.gen_emb, tokens.gen_donor},
                             {tokens.disc_emb, tokens.disc_donor}});
  }
  const SystemClock clock;
  ProgressLine line(stderr, clock);
  WriteModelOptions options =
      model_output_options(stored_dtype(stored), line, "prepare");
  options.companions = {a.model};
  options.files = tokens.files;
  write_model(a.output, config, read, options);
  line.finish();
  std::fprintf(stderr, "%s: <gen_emb> is token %lld, <disc_emb> %lld%s\n",
               a.output.c_str(), static_cast<long long>(tokens.gen_emb),
               static_cast<long long>(tokens.disc_emb),
               tokens.were_there ? " (they were there: nothing changed)" : "");
}

}  // namespace

void add_model_command(CLI::App& app) {
  auto a = std::make_shared<InitArguments>();
  CLI::App* model = app.add_subcommand("model", "make models");
  model->require_subcommand(1);
  CLI::App* init =
      model->add_subcommand("init", "random weights for a config.json");
  init->add_option("--config", a->config,
                   "folder with config.json and the files to copy beside it")
      ->required();
  init->add_option("--companions", a->companions,
                   "another folder with files to copy, e.g. the tokenizer's");
  init->add_option("--output", a->output, "new model folder")->required();
  init->add_option("--seed", a->seed, "of the weights")
      ->check(whole_number(0, UINT64_MAX))
      ->capture_default_str();
  init->add_option("--dtype", a->dtype, "bfloat16, float16 or float32")
      ->check(CLI::IsMember({"bfloat16", "float16", "float32"}))
      ->capture_default_str();
  add_example(*init,
              "ume model init --config examples/emoji/base --output fresh");
  init->callback([a] { init_model(*a); });

  auto p = std::make_shared<PrepareArguments>();
  CLI::App* prepare = model->add_subcommand(
      "prepare", "a copy of a model with <gen_emb> and <disc_emb>");
  prepare->add_option("--model", p->model, "model folder")->required();
  prepare->add_option("--output", p->output, "new model folder")->required();
  add_example(*prepare,
              "ume model prepare --model Qwen2-VL-2B-Instruct --output "
              "Qwen2-VL-2B-ume");
  prepare->callback([p] { prepare_model(*p); });
}

}  // namespace ume
