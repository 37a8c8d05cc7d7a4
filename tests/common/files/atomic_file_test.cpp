#include "common/files/atomic_file.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/files/internal/leftovers.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Whether files without a name can be made there.
bool has_nameless_files(const ScratchFolder& folder) {
  return static_cast<bool>(FileDescriptor(
      ::open(folder.path().c_str(), O_TMPFILE | O_WRONLY, 0600)));
}

TEST_CASE("an atomic file appears whole, and replaces, when it is committed") {
  const ScratchFolder folder;
  const std::string path = folder / "model";
  for (const std::string content : {"first", "second, longer"}) {
    AtomicFile file(path);
    file.write(bytes_of(content.substr(0, 2)));
    file.write(bytes_of(content.substr(2)));
    file.commit();
    CHECK(read_file(path) == content);
  }
  AtomicFile(path).write(bytes_of("dropped"));
  CHECK(read_file(path) == "second, longer");
  fs::remove(path);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("an atomic file leaves nothing, however its process ends") {
  const ScratchFolder folder;
  AtomicFile file(folder / "model");
  file.write(bytes_of("half"));
  // Where nothing is now, nothing is left to remove.
  if (has_nameless_files(folder)) CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("leftovers of a path go when nobody writes them any more") {
  const ScratchFolder folder;
  const std::string left = folder.write("model.tmp-1-0", "half");
  const std::string written = folder.write("model.tmp-1-1", "half");
  const std::string other = folder.write("other.tmp-1-0", "half");
  const FileDescriptor writer(::open(written.c_str(), O_WRONLY));
  mark_as_written(writer.get());
  remove_leftovers(folder / "model");
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(written));
  CHECK(fs::exists(other));
}

}  // namespace
}  // namespace ume
