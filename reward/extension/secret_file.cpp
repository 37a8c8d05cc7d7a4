#include "reward/extension/secret_file.h"

#include <sys/stat.h>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

constexpr uint64_t kMaxKeyBytes = 16 << 10;

}  // namespace

std::string read_secret_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    throw ConfigError(path + ": others can read this key; chmod 600 " + path);
  }
  std::string key;
  try {
    key = read_file_or_pipe(path, kMaxKeyBytes);
  } catch (const Error& error) {
    throw ConfigError(error.what());
  }
  const size_t begin = key.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) throw ConfigError(path + ": holds no key");
  return key.substr(begin, key.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace ume
