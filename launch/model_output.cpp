#include "launch/model_output.h"

#include <algorithm>
#include <filesystem>

#include "common/error/error.h"

namespace ume {

void refuse_model_folder(const std::string& folder) {
  if (std::filesystem::exists(folder + "/config.json")) {
    throw ConfigError(folder + " holds a model already");
  }
}

std::string stored_dtype(const StoredWeights& stored) {
  const auto& tensors = stored.tensors();
  const bool narrow = std::all_of(
      tensors.begin(), tensors.end(),
      [](const auto& entry) { return entry.second.dtype == DType::kBF16; });
  return narrow ? "bfloat16" : "float32";
}

WriteModelOptions model_output_options(const std::string& dtype,
                                       ProgressLine& line,
                                       const std::string& label) {
  WriteModelOptions options;
  options.dtype = dtype == "float32" ? torch::kFloat32 : torch::kBFloat16;
  options.progress = [&line, label](uint64_t done, uint64_t total) {
    constexpr uint64_t kMegabyte = 1'000'000;
    line.update({.label = label,
                 .unit = "MB",
                 .done = done / kMegabyte,
                 .total = total / kMegabyte,
                 .detail = ""});
  };
  return options;
}

}  // namespace ume
