#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace ume {

// A role's log file, and how long it was when the role was last started.
struct RoleLog {
  std::filesystem::path path;
  uint64_t begin = 0;  // bytes
};

// The file as it is now, before a start. It may not exist yet.
RoleLog log_before_start(const std::filesystem::path& path);

// For messages: where the log is, and its last lines since that start,
// indented. Of those that the role or our program wrote, where there are any;
// else of all, such as mpirun's.
//   role: how it names itself in the log, or how its name begins.
std::string last_words(const RoleLog& log, const std::string& role);

}  // namespace ume
