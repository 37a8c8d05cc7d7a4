#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace ume {

// Process ids of the roles that hang, as far as the coordinator knows.
// status: its snapshot (docs/formats/status.md).
std::vector<int64_t> hung_processes(const nlohmann::json& status);

}  // namespace ume
