#include "launch/doctor/finding.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error/error.h"

namespace ume {

const char* finding_name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kGood:
      return "good";
    case FindingKind::kWarning:
      return "warning";
    case FindingKind::kMissing:
      return "missing";
    default:
      return "unreachable";
  }
}

int findings_exit_code(const Findings& findings) {
  const auto has = [&](FindingKind kind) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& f) { return f.kind == kind; });
  };
  if (has(FindingKind::kMissing)) return static_cast<int>(ExitCode::kConfig);
  if (has(FindingKind::kUnreachable)) {
    return static_cast<int>(ExitCode::kUnavailable);
  }
  return static_cast<int>(ExitCode::kDone);
}

std::string findings_text(const Findings& findings,
                          const std::string& version) {
  const auto padded = [](std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text + "  ";
  };
  std::string text = "ume " + version + "\n";
  for (const Finding& f : findings) {
    text += padded(finding_name(f.kind), 11) + padded(f.name, 14) + f.found;
    text += '\n';
    if (!f.advice.empty()) {
      text += "             -> " + f.advice + "\n";
    }
  }
  return text;
}

std::string findings_json(const Findings& findings,
                          const std::string& version) {
  nlohmann::ordered_json json = {{"version", version},
                                 {"exit_code", findings_exit_code(findings)},
                                 {"checks", nlohmann::ordered_json::array()}};
  for (const Finding& f : findings) {
    json["checks"].push_back({{"name", f.name},
                              {"status", finding_name(f.kind)},
                              {"found", f.found},
                              {"advice", f.advice}});
  }
  return json.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace ume
