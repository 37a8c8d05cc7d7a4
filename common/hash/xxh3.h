#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ume {

// XXH3-128 of a stream of bytes. Not cryptographic: it finds damage, it does
// not prove origin.
class Xxh3Hasher {
 public:
  Xxh3Hasher();
  ~Xxh3Hasher();
  Xxh3Hasher(Xxh3Hasher&&) noexcept;
  Xxh3Hasher& operator=(Xxh3Hasher&&) noexcept;

  Xxh3Hasher& update(std::span<const std::byte> bytes);
  Xxh3Hasher& update(std::string_view text);
  // The value's eight bytes, little-endian.
  Xxh3Hasher& update_u64(uint64_t value);
  // The text's length and then the text, so that ("ab","c") != ("a","bc").
  Xxh3Hasher& update_field(std::string_view text);

  // 32 lower-case hex digits, most significant first (as `xxh128sum` prints).
  // More may be added after it.
  std::string hex() const;
  // The low 64 bits, for comparing digests over a collective.
  uint64_t low64() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string xxh3_hex(std::span<const std::byte> bytes);
std::string xxh3_hex(std::string_view text);

// Of a regular file's content. Throws IoError when it cannot be read.
std::string xxh3_hex_of_file(const std::string& path);

}  // namespace ume
