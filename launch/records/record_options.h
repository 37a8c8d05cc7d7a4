#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/prepare/preparer.h"

namespace ume {

// The largest --batch-tokens.
constexpr uint64_t kMaxBatchTokens = 1'000'000'000;

// What embed, generate and preprocess have in common.
struct RecordOptions {
  std::string model;
  std::string input;  // "-": stdin
  std::string output;
  std::string on_error = "fail";
  std::string prompt_template = "evaluation";
  std::vector<std::string> settings;  // key=value of the data section
};

// Adds --model, --input, --output, --on-error, --template and --set. Returns
// --input, which is not yet required.
CLI::Option* add_record_options(CLI::App& command, RecordOptions& options);

// Adds --template and --set.
void add_prepare_options(CLI::App& command,
                         std::string& prompt_template,
                         std::vector<std::string>& settings);

// settings: key=value of the data section. Throws ConfigError for an unknown
// setting or template.
PrepareConfig prepare_config(const std::string& prompt_template,
                             const std::vector<std::string>& settings);

// True for FILE.safetensors, false for stdout and FILE.jsonl; throws the usage
// error for another name.
bool wants_tensors(const RecordOptions& options);

// record_folder: what relative media paths start from. Throws ConfigError for
// an unknown setting or template.
PreparerOptions preparer_options(const RecordOptions& options,
                                 const std::filesystem::path& record_folder);

}  // namespace ume
