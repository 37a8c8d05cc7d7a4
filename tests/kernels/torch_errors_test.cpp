#include "kernels/torch_errors.h"

#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>

#include "common/error/error.h"
#include "kernels/torch.h"

namespace ume {
namespace {

TEST_CASE("without_torch_errors: memory that ran out is told apart") {
  // A PiB; more bytes than 64 bits count are another failure.
  CHECK_THROWS_AS(
      without_torch_errors([] { torch::empty({int64_t{1} << 50}); }),
      std::bad_alloc);
}

TEST_CASE("without_torch_errors: a message comes without its stack dump") {
  try {
    without_torch_errors([] { torch::ones({2}).view({3}); });
    FAIL("no exception");
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    CHECK_THAT(text, Catch::Contains("shape '[3]'"));
    CHECK_THAT(text, !Catch::Contains("Exception raised from") &&
                         !Catch::Contains("frame #"));
  }
}

TEST_CASE("without_torch_errors: other exceptions and none pass") {
  bool has_run = false;
  without_torch_errors([&] { has_run = true; });
  CHECK(has_run);
  CHECK_THROWS_AS(without_torch_errors([] { throw InvalidInput("x"); }),
                  InvalidInput);
}

}  // namespace
}  // namespace ume
