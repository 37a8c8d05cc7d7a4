#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ume {

// SHA-256 as lower-case hex, for comparing with the hashes of
// tests/fixtures/parity/.
std::string sha256_hex(std::span<const uint8_t> bytes);

template <class T>
std::string sha256_of(std::span<const T> values) {
  return sha256_hex(
      {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
}

}  // namespace ume
