#pragma once

#include <string>
#include <vector>

namespace ume {

enum class FindingKind {
  kGood,
  kWarning,      // works, but not for everything
  kMissing,      // must be installed or set up: exit code 78
  kUnreachable,  // is there, but cannot be used now: exit code 69
};

// What `ume doctor` says about one thing.
struct Finding {
  std::string name;  // "Open MPI"
  FindingKind kind = FindingKind::kGood;
  std::string found;
  std::string advice;  // what to do about it; empty where nothing
};

using Findings = std::vector<Finding>;

// "good", "warning", "missing", "unreachable".
const char* finding_name(FindingKind kind);

// 78 where something is missing, else 69 where something cannot be reached,
// else 0.
int findings_exit_code(const Findings& findings);

// A table, or one JSON object {"version", "exit_code", "checks": [{"name",
// "status", "found", "advice"}]}.
std::string findings_text(const Findings& findings, const std::string& version);
std::string findings_json(const Findings& findings, const std::string& version);

}  // namespace ume
