#include "launch/records/record_options.h"

#include "common/config/config.h"
#include "common/error/error.h"
#include "launch/records/bad_records.h"

namespace ume {

CLI::Option* add_record_options(CLI::App& command, RecordOptions& options) {
  command.add_option("--model", options.model, "model folder (hub layout)")
      ->required();
  auto* input = command.add_option(
      "--input", options.input, "records, one JSON object a line; - for stdin");
  command.add_option("--output", options.output,
                     "FILE.jsonl or FILE.safetensors; default: JSON lines on "
                     "stdout");
  add_on_error_option(command, options.on_error);
  add_prepare_options(command, options.prompt_template, options.settings);
  return input;
}

void add_prepare_options(CLI::App& command,
                         std::string& prompt_template,
                         std::vector<std::string>& settings) {
  command
      .add_option("--template", prompt_template,
                  "prompt around a record's text: evaluation, rl_published, "
                  "demo or minimal; not around messages")
      ->capture_default_str();
  command.add_option("--set", settings,
                     "KEY=VALUE, a setting of the configurations' data section "
                     "(docs/prompts.md), as image_max_pixels=200704");
}

PrepareConfig prepare_config(const std::string& prompt_template,
                             const std::vector<std::string>& settings) {
  PrepareConfig result;
  result.prompt_template = prompt_template;
  for (const std::string& setting : settings) {
    apply_override(config_fields(result), setting);
  }
  // The settings are the keys of the data section without its name.
  validate_as([&] { result.validate(""); }, "command line", {}, settings);
  return result;
}

bool wants_tensors(const RecordOptions& options) {
  if (options.output.empty() || options.output.ends_with(".jsonl")) {
    return false;
  }
  if (options.output.ends_with(".safetensors")) return true;
  throw Error(ExitCode::kUsage,
              "--output: expected FILE.jsonl or FILE.safetensors, found " +
                  options.output);
}

PreparerOptions preparer_options(const RecordOptions& options,
                                 const std::filesystem::path& record_folder) {
  PreparerOptions result;
  result.model_folder = options.model;
  result.record_folder = record_folder;
  result.prepare = prepare_config(options.prompt_template, options.settings);
  return result;
}

}  // namespace ume
