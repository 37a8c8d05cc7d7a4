#include "common/log/log.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/files/file_descriptor.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

namespace {

// What `work` writes to stderr.
template <class Work>
std::string errors_of(const Work& work) {
  const ScratchFolder folder;
  const std::string path = folder.write("stderr", "").string();
  const FileDescriptor before(dup(STDERR_FILENO));
  REQUIRE(freopen(path.c_str(), "a", stderr) != nullptr);
  work();
  fflush(stderr);
  dup2(before.get(), STDERR_FILENO);
  return read_file(path);
}

}  // namespace

TEST_CASE("log: one line each, with level, process and escaped text") {
  const std::string text = errors_of([] {
    start_logging("rollout-1");
    log_info("first");
    log_warning("two\nlines \x1b[31m {} %s");
  });
  start_logging("");
  CHECK_THAT(text, Catch::Matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z "
                                  "info rollout-1: first\n"
                                  "[-0-9T:.]+Z warning rollout-1: two\\\\n"
                                  "lines \\\\x1b\\[31m \\{\\} %s\n"));
}
