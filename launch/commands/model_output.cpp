#include "launch/commands/model_output.h"

#include <algorithm>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {

void refuse_model_folder(const std::string& folder) {
  if (path_exists(folder + "/config.json")) {
    throw ConfigError(folder + " holds a model already");
  }
}

void check_companions(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw IoError("--companions " + folder + ": " +
                  (error ? error.message() : "not a folder"));
  }
  if (!path_exists(folder + "/tokenizer.json")) {
    throw InvalidInput("--companions " + folder + ": holds no tokenizer.json");
  }
}

std::string stored_dtype(const StoredWeights& stored) {
  const auto& tensors = stored.tensors();
  const auto all_are = [&tensors](DType dtype) {
    return std::all_of(
        tensors.begin(), tensors.end(),
        [dtype](const auto& entry) { return entry.second.dtype == dtype; });
  };
  if (all_are(DType::kBF16)) return "bfloat16";
  return all_are(DType::kF16) ? "float16" : "float32";
}

WriteModelOptions model_output_options(const std::string& dtype,
                                       ProgressLine& line,
                                       const std::string& label) {
  WriteModelOptions options;
  options.dtype = dtype == "float32"   ? torch::kFloat32
                  : dtype == "float16" ? torch::kFloat16
                                       : torch::kBFloat16;
  options.progress = [&line, label, shown = uint64_t{0}](
                         uint64_t done, uint64_t total) mutable {
    constexpr uint64_t kMegabyte = 1'000'000;
    if (done / kMegabyte == shown) return;
    shown = done / kMegabyte;
    line.update({.label = label,
                 .unit = "MB",
                 .done = shown,
                 .total = total / kMegabyte,
                 .detail = "",
                 .rate = {}});
  };
  return options;
}

}  // namespace ume
