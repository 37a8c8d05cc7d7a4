#include "common/log/log.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Catch::Contains;

TEST_CASE("log: one line each, with level, process and escaped text") {
  ScratchFolder folder;
  const std::string path = folder / "logs/rollout-1.log";
  start_logging({"info", "rollout-1", path, false});
  log_debug("not shown");
  log_info("first");
  log_warning("two\nlines \x1b[31m {} %s");
  const std::string text = read_file(path);
  start_logging({"off", "", "", false});
  CHECK_THAT(text, Catch::Matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z "
                                  "info rollout-1: first\n"
                                  "[-0-9T:.]+Z warning rollout-1: two\\\\n"
                                  "lines \\\\x1b\\[31m \\{\\} %s\n"));
}

TEST_CASE("log: an unknown level is a configuration error with a proposal") {
  CHECK_THROWS_AS(start_logging({"warn1ng", "", "", false}), ConfigError);
  CHECK_THROWS_WITH(start_logging({"warnin", "", "", false}),
                    Contains("did you mean 'warning'?"));
  CHECK_THROWS_AS(start_logging({"info", "", "/proc/none/x.log", false}),
                  IoError);
}
