#include "data/prepare/embedding_position.h"

namespace ume {

std::optional<int64_t> find_embedding_position(std::span<const int64_t> ids,
                                               int64_t token,
                                               int64_t first) {
  for (auto i = static_cast<int64_t>(ids.size()) - 1; i >= first; --i) {
    if (ids[i] == token) return i;
  }
  return std::nullopt;
}

}  // namespace ume
