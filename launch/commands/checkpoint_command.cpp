#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/progress/progress.h"
#include "common/text/printable.h"
#include "launch/command_line.h"
#include "launch/commands/model_output.h"
#include "launch/number_checks.h"
#include "learner/checkpoint/checkpoint_manifest.h"
#include "model/weights/stored_weights.h"
#include "model/weights/weight_scan.h"

namespace ume {
namespace {

using nlohmann::ordered_json;

struct CheckpointArguments {
  std::string folder;
  bool json = false;
  std::string output;
  std::string companions;
  std::string dtype = "auto";
  double shard_gb = 5.0;
};

const char* family_name(ModelFamily family) {
  return family == ModelFamily::kQwen25VL ? "qwen2_5_vl" : "qwen2_vl";
}

const char* layout_name(const StoredWeights& stored) {
  if (stored.is_checkpoint()) return "training checkpoint";
  return stored.nested_names() ? "hub, nested" : "hub, classic";
}

ordered_json describe(const ModelConfig& config, const StoredWeights& stored) {
  int64_t parameters = 0;
  uint64_t bytes = 0;
  std::map<std::string, size_t> dtypes;
  ordered_json tensors = ordered_json::array();
  for (const auto& [name, view] : stored.tensors()) {
    int64_t count = 1;
    for (const int64_t size : view.shape) count *= size;
    parameters += count;
    bytes += view.bytes.size();
    ++dtypes[std::string(dtype_name(view.dtype))];
    tensors.push_back({{"name", name},
                       {"dtype", dtype_name(view.dtype)},
                       {"shape", view.shape}});
  }
  const WeightProblems problems = stored.problems();
  return {{"family", family_name(config.family)},
          {"layout", layout_name(stored)},
          {"parameters", parameters},
          {"bytes", bytes},
          {"dtypes", dtypes},
          {"tied_head", config.tied_head},
          {"repeats_head", stored.repeats_head()},
          {"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"layers", config.num_layers},
          {"heads", config.num_heads},
          {"kv_heads", config.num_kv_heads},
          {"vision_blocks", config.vision.depth},
          {"missing", problems.missing},
          {"unexpected", problems.unexpected},
          {"wrong_shape", problems.misshaped},
          {"tensors", tensors}};
}

// A folder's name need not be UTF-8, as JSON has to be.
std::string json_line(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void print_description(const ordered_json& d) {
  std::printf(
      "family      %s\nlayout      %s\nparameters  %lld\nbytes       "
      "%llu\n",
      d["family"].get<std::string>().c_str(),
      d["layout"].get<std::string>().c_str(),
      static_cast<long long>(d["parameters"].get<int64_t>()),
      static_cast<unsigned long long>(d["bytes"].get<uint64_t>()));
  std::printf("dtypes      %s\nhead        %s\n", d["dtypes"].dump().c_str(),
              !d["tied_head"].get<bool>()     ? "its own"
              : d["repeats_head"].get<bool>() ? "tied, stored twice"
                                              : "tied");
  std::printf("tensors     %zu\n", d["tensors"].size());
  for (const auto& tensor : d["tensors"]) {
    std::printf("  %-4s %-20s %s\n", tensor["dtype"].get<std::string>().c_str(),
                tensor["shape"].dump().c_str(),
                printable(tensor["name"].get<std::string>()).c_str());
  }
  for (const char* kind : {"missing", "unexpected", "wrong_shape"}) {
    for (const auto& name : d[kind]) {
      std::printf("%-11s %s\n", kind,
                  printable(name.get<std::string>()).c_str());
    }
  }
}

void inspect(const CheckpointArguments& a) {
  const ModelConfig config = load_model_config(a.folder);
  const StoredWeights stored = StoredWeights::open(a.folder, config);
  const ordered_json description = describe(config, stored);
  if (a.json) {
    std::printf("%s\n", json_line(description).c_str());
  } else {
    print_description(description);
  }
}

void verify(const CheckpointArguments& a) {
  ordered_json result = {{"folder", a.folder}};
  if (is_training_checkpoint(a.folder)) {
    const CheckpointManifest manifest = verify_checkpoint(a.folder);
    result["files_verified"] = manifest.files.size();
  }
  const ModelConfig config = load_model_config(a.folder);
  const StoredWeights stored = StoredWeights::open(a.folder, config);
  stored.check();
  const auto bad = find_non_finite(stored);
  if (!bad.empty()) {
    throw InvalidInput(
        a.folder + ": tensor \"" + bad.front().name + "\" has " +
        std::to_string(bad.front().num_nan) + " NaN and " +
        std::to_string(bad.front().num_infinite) +
        " infinite values; tensors with such: " + std::to_string(bad.size()));
  }
  result["tensors"] = stored.tensors().size();
  result["finite"] = true;
  if (a.json) {
    std::printf("%s\n", json_line(result).c_str());
    return;
  }
  std::printf("%s: %zu tensors as the config asks, all values finite",
              a.folder.c_str(), stored.tensors().size());
  if (result.contains("files_verified")) {
    std::printf(", %zu files as the manifest says",
                result["files_verified"].get<size_t>());
  }
  std::printf("\n");
}

// Where the tokenizer and its like come from.
std::string companions_of(const CheckpointArguments& a) {
  if (!a.companions.empty()) {
    check_companions(a.companions);
    return a.companions;
  }
  for (const std::string& folder : {a.folder, a.folder + "/model"}) {
    if (path_exists(folder + "/tokenizer.json")) return folder;
  }
  throw InvalidInput(a.folder +
                     ": holds no tokenizer.json; give the folder of the model "
                     "that the run started from as --companions");
}

// The reference loads no processor without them, or answers with other
// settings.
void warn_of_missing(const std::string& companions) {
  for (const char* name : {"tokenizer_config.json", "preprocessor_config.json",
                           "generation_config.json"}) {
    if (path_exists(companions + "/" + name)) continue;
    std::fprintf(
        stderr,
        "ume checkpoint export: %s holds no %s: the exported model has "
        "none either\n",
        companions.c_str(), name);
  }
}

void export_model(const CheckpointArguments& a) {
  refuse_model_folder(a.output);
  if (is_training_checkpoint(a.folder)) verify_checkpoint(a.folder);
  const ModelConfig config = load_model_config(a.folder);
  const StoredWeights stored = StoredWeights::open(a.folder, config);
  stored.check();
  const SystemClock clock;
  ProgressLine line(stderr, clock);
  std::string dtype = a.dtype;
  if (dtype == "auto") {
    dtype = stored.is_checkpoint() ? "bfloat16" : stored_dtype(stored);
  }
  WriteModelOptions options = model_output_options(dtype, line, "export");
  options.companions = {companions_of(a)};
  warn_of_missing(options.companions.front());
  options.shard_bytes = static_cast<uint64_t>(a.shard_gb * 1e9);
  write_model(a.output, config, stored.reader(), options);
}

void add_folder(CLI::App& command, CheckpointArguments& a) {
  command.add_option("folder", a.folder, "model folder or training checkpoint")
      ->required();
}

}  // namespace

void add_checkpoint_command(CLI::App& app) {
  auto a = std::make_shared<CheckpointArguments>();
  CLI::App* checkpoint =
      app.add_subcommand("checkpoint", "look at, check and export weights");
  checkpoint->require_subcommand(1);

  CLI::App* look = checkpoint->add_subcommand(
      "inspect", "tensors, sizes, layout, what is missing or unexpected");
  add_folder(*look, *a);
  look->add_flag("--json", a->json, "one JSON object");
  add_example(*look, "ume checkpoint inspect examples/emoji/base");
  look->callback([a] { inspect(*a); });

  CLI::App* check = checkpoint->add_subcommand(
      "verify", "manifest's hashes, structure, NaN and infinities");
  add_folder(*check, *a);
  check->add_flag("--json", a->json, "one JSON object");
  add_example(*check,
              "ume checkpoint verify runs/NAME/checkpoints/sft/step_000050");
  check->callback([a] { verify(*a); });

  CLI::App* out = checkpoint->add_subcommand(
      "export", "the same weights in the hub's classic layout");
  add_folder(*out, *a);
  out->add_option("--output", a->output, "new model folder")->required();
  out->add_option(
         "--dtype", a->dtype,
         "bfloat16, float16, float32, or auto: a model's own, bfloat16 for a "
         "checkpoint")
      ->check(CLI::IsMember({"auto", "bfloat16", "float16", "float32"}))
      ->capture_default_str();
  out->add_option("--shard-gb", a->shard_gb, "largest file, in GB (10^9)")
      ->check(finite_number(0.001, 1000.0))
      ->capture_default_str();
  out->add_option("--companions", a->companions,
                  "folder with tokenizer, preprocessor and generation config");
  add_example(*out,
              "ume checkpoint export runs/NAME/checkpoints/sft/step_000050 "
              "--output exported");
  out->callback([a] { export_model(*a); });
}

}  // namespace ume
