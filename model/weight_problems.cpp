#include "model/weight_problems.h"

#include <algorithm>

#include "common/text/printable.h"
#include "model/weights.h"

namespace ume {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(size);
  }
  return text + "]";
}

// "; WHAT: a, b, c and 12 more".
std::string list_text(const std::string& what,
                      const std::vector<std::string>& names) {
  if (names.empty()) return "";
  constexpr size_t kShown = 3;
  std::string text = "; " + what + ": ";
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (i > 0 ? ", " : "") + printable(names[i]);
  }
  if (names.size() > kShown) {
    text += " and " + std::to_string(names.size() - kShown) + " more";
  }
  return text;
}

}  // namespace

std::string classic_weight_name(std::string_view stored) {
  constexpr std::string_view kLanguage = "model.language_model.";
  constexpr std::string_view kVisual = "model.visual.";
  if (stored.starts_with(kLanguage)) {
    return "model." + std::string(stored.substr(kLanguage.size()));
  }
  if (stored.starts_with(kVisual)) {
    return "visual." + std::string(stored.substr(kVisual.size()));
  }
  return std::string(stored);
}

bool WeightProblems::empty() const {
  return missing.empty() && unexpected.empty() && misshaped.empty();
}

std::string WeightProblems::text() const {
  return list_text("missing", missing) + list_text("unexpected", unexpected) +
         list_text("wrong shape", misshaped);
}

WeightProblems compare_weights(
    const ModelConfig& config,
    const std::map<std::string, std::vector<int64_t>>& shapes) {
  WeightProblems problems;
  auto rest = shapes;
  for (const WeightSpec& spec : weight_specs(config)) {
    const auto found = rest.find(spec.name);
    if (found == rest.end()) {
      problems.missing.push_back(spec.name);
      continue;
    }
    if (found->second != spec.shape) {
      problems.misshaped.push_back(spec.name + " is " +
                                   shape_text(found->second) + ", expected " +
                                   shape_text(spec.shape));
    }
    rest.erase(found);
  }
  for (const auto& [name, shape] : rest) problems.unexpected.push_back(name);
  return problems;
}

}  // namespace ume
