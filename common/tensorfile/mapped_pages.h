#pragma once

#include <cstddef>
#include <span>

namespace ume {

// Bytes of a mapped file (TensorFile) that are not needed for now may leave
// memory; they come back from the file when they are touched. For readers that
// go through more than they may hold.
void release_mapped_pages(std::span<const std::byte> bytes);

}  // namespace ume
