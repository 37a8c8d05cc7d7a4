#include "launch/hung_roles.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ume {
namespace {

TEST_CASE("hung roles: those with a process id, and only those that hang") {
  const auto status = nlohmann::json::parse(R"({"roles": [
      {"role": "rollout", "index": 0, "hung": true, "pid": 11},
      {"role": "rollout", "index": 1, "hung": false, "pid": 12},
      {"role": "reward", "index": 0, "hung": true, "pid": 0},
      {"role": "learner", "index": 0}]})");
  CHECK(hung_processes(status) == std::vector<int64_t>{11});
  CHECK(hung_processes(nlohmann::json::object()).empty());
}

}  // namespace
}  // namespace ume
