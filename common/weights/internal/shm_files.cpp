#include "common/weights/internal/shm_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/error/error.h"

namespace ume {

namespace fs = std::filesystem;

void check_run_id(const std::string& run_id) {
  const bool plain = !run_id.empty() && run_id.size() <= 100 &&
                     run_id[0] != '.' &&
                     run_id.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0"
                         "123456789-_.") == std::string::npos;
  if (!plain) {
    throw ConfigError("run id '" + run_id +
                      "': expected letters, digits, '-', '_' and '.'");
  }
}

void make_weight_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(fs::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw IoError(folder +
                  ": cannot create the folder: " + std::strerror(errno));
  }
}

std::string weight_file_name(const std::string& run_id,
                             const PolicyVersion& version) {
  return run_id + "@" + std::to_string(version.update) + "." +
         std::to_string(version.incarnation);
}

std::optional<NamedVersion> version_of(const std::string& name,
                                       const std::string& run_id) {
  const std::string start = run_id + "@";
  if (name.rfind(start, 0) != 0) {
    return std::nullopt;
  }
  NamedVersion found;
  const char* end = name.data() + name.size();
  auto part =
      std::from_chars(name.data() + start.size(), end, found.version.update);
  if (part.ec != std::errc() || part.ptr == end || *part.ptr != '.') {
    return std::nullopt;
  }
  part = std::from_chars(part.ptr + 1, end, found.version.incarnation);
  if (part.ec != std::errc()) {
    return std::nullopt;
  }
  found.temporary = part.ptr != end;
  return found;
}

}  // namespace ume
