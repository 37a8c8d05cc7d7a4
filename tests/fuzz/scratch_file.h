#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/error/check.h"
#include "tests/support/scratch_folder.h"

namespace ume::fuzz {

// Files for readers that take paths, in memory where the system has /dev/shm.
// One folder a process; its files are written anew for each input.
inline const ScratchFolder& scratch_folder() {
  static const ScratchFolder folder("/dev/shm");
  return folder;
}

inline std::string put_file(const std::string& name, std::string_view content) {
  const std::string path = scratch_folder() / name;
  std::FILE* file = std::fopen(path.c_str(), "wb");
  UME_CHECK(file != nullptr, "a scratch file cannot be written");
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
  return path;
}

}  // namespace ume::fuzz
