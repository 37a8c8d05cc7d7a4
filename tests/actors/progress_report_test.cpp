#include "actors/progress_report.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

class ProgressClient : public RequestClient {
 public:
  Reply call(const Request& request, double timeout_seconds) override {
    told.push_back(std::get<ProgressRequest>(request).done);
    longest_timeout = std::max(longest_timeout, timeout_seconds);
    if (silent) throw DeadlineExceeded("no answer");
    return answer;
  }

  std::vector<uint64_t> told;
  double longest_timeout = 0.0;
  bool silent = false;
  Reply answer = AckReply{};
};

ProgressRequest after_steps(uint64_t done) {
  return {1, 0, done, {{"loss", 0.5}}};
}

}  // namespace

TEST_CASE("progress report: told once a second, not at the item's beginning") {
  ManualClock clock(100.0);
  ProgressClient client;
  ProgressReport report(client, clock);
  for (uint64_t done = 1; done <= 9; ++done) {
    clock.advance(0.25);
    report.tell(after_steps(done));
  }
  CHECK(client.told == std::vector<uint64_t>{4, 8});
  CHECK(client.longest_timeout <= 0.25);  // the other ranks wait meanwhile
}

TEST_CASE(
    "progress report: a coordinator that is silent or refuses is left alone "
    "for a while and stops nothing") {
  for (const bool silent : {true, false}) {
    ManualClock clock;
    ProgressClient client;
    client.silent = silent;
    client.answer = RefusedReply{"incarnation 1 is over"};
    ProgressReport report(client, clock);
    for (uint64_t done = 1; done <= 11; ++done) {
      clock.advance(1.0);
      CHECK_NOTHROW(report.tell(after_steps(done)));
    }
    CHECK(client.told == std::vector<uint64_t>{1, 11});
  }
}

}  // namespace ume
