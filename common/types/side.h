#pragma once

#include <cstdint>
#include <string_view>

namespace ume {

// The two sides of a pair. The published training files call them qry and pos.
enum class Side : uint8_t { kQuery = 0, kTarget = 1 };

constexpr std::string_view side_name(Side side) {
  return side == Side::kQuery ? "query" : "target";
}

}  // namespace ume
