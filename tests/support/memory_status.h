#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <string>

// How much memory this process has, as the kernel counts it.
namespace ume {

// A line of /proc/self/status ("VmHWM", the peak; "RssAnon"), in bytes.
inline int64_t memory_status(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) {
      return std::stoll(line.substr(field.size() + 1)) * 1024;
    }
  }
  FAIL("/proc/self/status has no " << field);
  return 0;
}

// Makes the peak the present resident size. What is measured after a failure
// would be an older peak, so that it fails the test.
inline void forget_memory_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  REQUIRE(file.good());
}

}  // namespace ume
