#pragma once

#include <optional>
#include <string>

#include "common/types/policy_version.h"

namespace ume {

// Throws ConfigError unless the run id can be part of a file's name.
void check_run_id(const std::string& run_id);

// Makes the folder (0700) where it is missing. Throws IoError.
void make_weight_folder(const std::string& folder);

// RUN_ID@UPDATE.INCARNATION; a temporary name goes on with ".tmp-PID".
std::string weight_file_name(const std::string& run_id,
                             const PolicyVersion& version);

struct NamedVersion {
  PolicyVersion version;
  bool temporary = false;
};

// The version that a file of this run holds; nothing for other files.
std::optional<NamedVersion> version_of(const std::string& name,
                                       const std::string& run_id);

}  // namespace ume
