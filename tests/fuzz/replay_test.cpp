#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/targets.h"

namespace ume::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpora = "tests/fuzz/corpus";

std::vector<uint8_t> read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("fuzz: every kept input is refused with a reason or read") {
  for (const Target& target : targets()) {
    DYNAMIC_SECTION(target.name) {
      size_t num_inputs = 0;
      for (const auto& entry : fs::directory_iterator(kCorpora / target.name)) {
        INFO(entry.path().string());
        CHECK_NOTHROW(target.run(read_bytes(entry.path())));
        ++num_inputs;
      }
      CHECK(num_inputs > 0);
    }
  }
}

TEST_CASE("fuzz: every target takes an empty input and one of zeros") {
  for (const Target& target : targets()) {
    INFO(target.name);
    CHECK_NOTHROW(target.run({}));
    CHECK_NOTHROW(target.run(std::vector<uint8_t>(64, 0)));
  }
}

}  // namespace
}  // namespace ume::fuzz
