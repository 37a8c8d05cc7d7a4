#include "launch/command_line.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/error/error.h"

namespace ume {
namespace {

template <class Failure>
int code_of(const Failure& failure) {
  try {
    throw failure;
  } catch (...) {
    return report_current_exception("test");
  }
}

TEST_CASE("a command's exit code is its failure's, a path's an I/O error's") {
  CHECK(code_of(InvalidInput("x")) == 65);
  CHECK(code_of(IoError("x")) == 74);
  CHECK(code_of(std::filesystem::filesystem_error(
            "status", "some/path",
            std::make_error_code(std::errc::too_many_symbolic_link_levels))) ==
        74);
  CHECK(code_of(std::runtime_error("x")) == 1);
}

}  // namespace
}  // namespace ume
