#include "data/records/media_roots.h"

#include <algorithm>

#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// What is wrong with the path itself; empty: nothing.
std::string path_problem(const std::string& path) {
  if (path.empty()) return "the path is empty";
  if (path.find('\0') != std::string::npos) return "the path holds a NUL";
  if (path.find("://") != std::string::npos || path.starts_with("data:")) {
    return "URLs are not supported; expected a path inside the media root";
  }
  const fs::path parsed(path);
  if (parsed.is_absolute()) {
    return "absolute paths are not accepted; expected one inside the media "
           "root";
  }
  for (const auto& part : parsed) {
    if (part == "..") return "'..' is not accepted in a path";
  }
  return "";
}

// `shown` begins the message of what it throws.
MediaPath media_path(const std::string& path, const std::string& shown) {
  try {
    return parse_media_path(path);
  } catch (const InvalidInput& error) {
    throw InvalidInput(shown + error.what());
  }
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

MediaRoots::MediaRoots(const std::map<std::string, std::string>& folders) {
  for (const auto& [name, folder] : folders) {
    const std::string shown =
        "media root '" + name + "': folder '" + folder + "'";
    std::error_code error;
    const fs::path real = fs::canonical(folder.empty() ? "." : folder, error);
    if (error) throw ConfigError(shown + ": " + error.message());
    if (!fs::is_directory(real, error)) {
      throw ConfigError(shown + " is not a folder");
    }
    folders_[name] = real;
  }
}

fs::path MediaRoots::resolve(const MediaRef& ref,
                             const std::string& where) const {
  const std::string shown = where + ": '" + printable(ref.path) + "': ";
  const auto root = folders_.find(ref.root);
  if (root == folders_.end()) {
    throw InvalidInput(shown + "media root '" + printable(ref.root) +
                       "' is not configured");
  }
  const std::string problem = path_problem(ref.path);
  if (!problem.empty()) throw InvalidInput(shown + problem);
  std::error_code error;
  const fs::path real =
      fs::canonical(root->second / media_path(ref.path, shown).file, error);
  if (error) {
    throw InvalidInput(shown + error.message() + " in " +
                       root->second.string());
  }
  if (!is_inside(real, root->second)) {
    throw InvalidInput(shown + "leads out of the media root " +
                       root->second.string() +
                       " by a symbolic link; configure a root for its target");
  }
  if (!fs::is_regular_file(real, error)) {
    throw InvalidInput(shown + "not a regular file");
  }
  return real;
}

MediaFile MediaRoots::open(const MediaRef& ref,
                           const std::string& where) const {
  const fs::path real = resolve(ref, where);
  const fs::path& root = folders_.at(ref.root);
  MediaFile file = open_media_file_below(root, real.lexically_relative(root));
  file.page = parse_media_path(ref.path).page;
  return file;
}

}  // namespace ume
