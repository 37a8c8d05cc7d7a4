#include "common/files/output_stream.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

size_t num_entries(const ScratchFolder& folder) {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator(folder.path()),
                    std::filesystem::directory_iterator()));
}

TEST_CASE("an output file appears whole when it is finished") {
  const ScratchFolder folder;
  const std::string path = folder / "out.jsonl";
  write_file_atomic(path, "old");
  OutputStream out(path);
  out.write("new ");
  out.write(std::string(1u << 20, 'x'));
  out.flush();
  CHECK(read_file(path) == "old");
  out.finish();
  CHECK(read_file(path) == "new " + std::string(1u << 20, 'x'));
  CHECK(num_entries(folder) == 1);
}

TEST_CASE("an output file that is not finished leaves the old one alone") {
  const ScratchFolder folder;
  const std::string path = folder / "out.jsonl";
  write_file_atomic(path, "old");
  {
    OutputStream out(path);
    out.write("half");
    out.flush();
  }
  CHECK(read_file(path) == "old");
  CHECK(num_entries(folder) == 1);
}

TEST_CASE("an output that cannot be written is an I/O error") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(OutputStream(folder / "missing/out.jsonl"), IoError);
  OutputStream full("/dev/full");
  full.write("x");
  CHECK_THROWS_WITH(full.flush(), Catch::Contains("/dev/full: cannot write"));
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace ume
