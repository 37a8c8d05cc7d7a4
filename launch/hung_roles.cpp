#include "launch/hung_roles.h"

#include <nlohmann/json.hpp>

namespace ume {

std::vector<int64_t> hung_processes(const nlohmann::json& status) {
  std::vector<int64_t> pids;
  for (const auto& role : status.value("roles", nlohmann::json::array())) {
    const int64_t pid = role.value("pid", int64_t{0});
    if (role.value("hung", false) && pid > 0) pids.push_back(pid);
  }
  return pids;
}

}  // namespace ume
