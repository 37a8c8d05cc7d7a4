#include "common/files/files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/directory_lock.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
namespace fs = std::filesystem;

namespace {

size_t num_files(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Lets files grow to `bytes` only, as a full disk would, while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("write_file_atomic: writes, replaces and leaves no other file") {
  ScratchFolder folder;
  const std::string path = folder / "value";
  write_file_atomic(path, "first");
  write_file_atomic(path, "second, longer");
  CHECK(read_file(path) == "second, longer");
  CHECK(num_files(folder.path()) == 1);
}

TEST_CASE("write_file_atomic: a failed write keeps the old content") {
  ScratchFolder folder;
  const std::string path = folder / "value";
  write_file_atomic(path, "old");
  {
    const FileSizeLimit limit(1000);
    CHECK_THROWS_AS(write_file_atomic(path, std::string(5000, 'x')), IoError);
  }
  CHECK(read_file(path) == "old");
  CHECK(num_files(folder.path()) == 1);
}

TEST_CASE("write_file_atomic: a folder that is missing is named") {
  CHECK_THROWS_WITH(write_file_atomic("/nonexistent/value", "x"),
                    Catch::Contains("/nonexistent/value"));
}

TEST_CASE("write_private_file_atomic: only the owner can read") {
  ScratchFolder folder;
  write_private_file_atomic(folder / "key", "secret");
  struct stat info {};
  REQUIRE(stat((folder / "key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("step_name: six digits, more when they are needed") {
  CHECK(step_name(0) == "step_000000");
  CHECK(step_name(50) == "step_000050");
  CHECK(step_name(1234567) == "step_1234567");
}

TEST_CASE("read_file: refuses more than its bound and a missing file") {
  ScratchFolder folder;
  write_file_atomic(folder / "f", "12345");
  CHECK(read_file(folder / "f", 5) == "12345");
  CHECK_THROWS_AS(read_file(folder / "f", 4), InvalidInput);
  CHECK_THROWS_AS(read_file(folder / "none"), IoError);
  CHECK_THROWS_AS(read_file(folder.path()), IoError);
}

TEST_CASE("read_file: refuses a pipe instead of waiting for its writer") {
  ScratchFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_file(folder / "pipe"),
                    Catch::Contains("pipe: not a regular file"));
  write_file_atomic(folder / "f", "12345");
  fs::create_symlink("f", folder / "link");
  CHECK(read_file(folder / "link") == "12345");
}

TEST_CASE("read_file_or_pipe: reads a pipe to its end, within the bound") {
  for (const uint64_t max_bytes : {5, 4}) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    REQUIRE(write(writer.get(), "12345", 5) == 5);
    writer.reset();
    const std::string path = "/proc/self/fd/" + std::to_string(reader.get());
    if (max_bytes < 5) {
      CHECK_THROWS_AS(read_file_or_pipe(path, max_bytes), InvalidInput);
    } else {
      CHECK(read_file_or_pipe(path, max_bytes) == "12345");
    }
  }
}

TEST_CASE("path_exists: a name is there, is not, or cannot be told") {
  ScratchFolder folder;
  write_file_atomic(folder / "f", "");
  fs::create_symlink("nowhere", folder / "dangling");
  fs::create_symlink("loop", folder / "loop");
  CHECK(path_exists(folder / "f"));
  CHECK(path_exists(folder / "dangling"));
  CHECK(path_exists(folder / "loop"));
  CHECK_FALSE(path_exists(folder / "none"));
  CHECK_FALSE(path_exists(folder / "f/none"));
  CHECK_THROWS_WITH(
      path_exists(folder / "loop/f"),
      Catch::Contains("loop/f: cannot look it up: Too many levels"));
  CHECK_THROWS_AS(path_exists(folder / std::string(300, 'x')), IoError);
}

TEST_CASE("directories: made with parents, renamed, asked for room") {
  ScratchFolder folder;
  make_directories(folder / "a/b");
  make_directories(folder / "a/b");
  rename_durably(folder / "a", folder / "c");
  CHECK(fs::is_directory(folder / "c/b"));
  CHECK(free_disk_bytes(folder.path()) > 0);
  write_file_atomic(folder / "file", "");
  CHECK_THROWS_AS(make_directories(folder / "file/sub"), IoError);
}

TEST_CASE("directory lock: the second opener is refused until the first ends") {
  ScratchFolder folder;
  {
    DirectoryLock first(folder.path());
    CHECK_THROWS_AS(DirectoryLock(folder.path()), ConfigError);
    CHECK_THROWS_WITH(DirectoryLock(folder.path()),
                      Catch::Contains("process " + std::to_string(::getpid())));
  }
  CHECK_NOTHROW(DirectoryLock(folder.path()));
}
