#include "common/types/embedding_position.h"

#include <algorithm>

namespace ume {

std::optional<int64_t> find_embedding_position(std::span<const int64_t> ids,
                                               int64_t token) {
  const auto found = std::find(ids.rbegin(), ids.rend(), token);
  if (found == ids.rend()) return std::nullopt;
  return ids.rend() - found - 1;
}

}  // namespace ume
