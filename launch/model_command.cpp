#include "launch/model_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>

#include "common/error/error.h"
#include "launch/command_line.h"
#include "model/weights.h"

namespace ume {
namespace {

struct InitArguments {
  std::string config;
  std::string output;
  uint64_t seed = 1;
  std::string dtype = "bfloat16";
};

void init_model(const InitArguments& a) {
  if (std::filesystem::exists(a.output + "/config.json")) {
    throw ConfigError(a.output + " holds a model already");
  }
  const ModelConfig config = load_model_config(a.config);
  SaveModelOptions options;
  options.dtype = a.dtype == "float32" ? torch::kFloat32 : torch::kBFloat16;
  options.companions = a.config;
  const NamedTensors weights = init_weights(config, a.seed);
  save_model(a.output, config, weights, options);
  int64_t parameters = 0;
  for (const auto& [name, tensor] : weights) parameters += tensor.numel();
  std::fprintf(stderr, "%s: %lld parameters\n", a.output.c_str(),
               static_cast<long long>(parameters));
}

}  // namespace

void add_model_command(CLI::App& app) {
  auto a = std::make_shared<InitArguments>();
  CLI::App* model = app.add_subcommand("model", "make models");
  model->require_subcommand(1);
  CLI::App* init =
      model->add_subcommand("init", "random weights for a config.json");
  init->add_option("--config", a->config,
                   "folder with config.json and the tokenizer's files")
      ->required();
  init->add_option("--output", a->output, "new model folder")->required();
  init->add_option("--seed", a->seed, "of the weights");
  init->add_option("--dtype", a->dtype, "bfloat16 or float32")
      ->check(CLI::IsMember({"bfloat16", "float32"}));
  add_example(*init,
              "ume model init --config examples/emoji/base --output fresh");
  init->callback([a] { init_model(*a); });
}

}  // namespace ume
