#include "common/hash/xxh3.h"

#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {

struct Xxh3Hasher::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    if (xxh == nullptr) {
      throw std::bad_alloc();
    }
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Xxh3Hasher::Xxh3Hasher() : state_(std::make_unique<State>()) {}
Xxh3Hasher::~Xxh3Hasher() = default;
Xxh3Hasher::Xxh3Hasher(Xxh3Hasher&&) noexcept = default;
Xxh3Hasher& Xxh3Hasher::operator=(Xxh3Hasher&&) noexcept = default;

Xxh3Hasher& Xxh3Hasher::update(std::span<const std::byte> bytes) {
  if (!bytes.empty()) {
    XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
  }
  return *this;
}

Xxh3Hasher& Xxh3Hasher::update(std::string_view text) {
  return update(std::as_bytes(std::span(text.data(), text.size())));
}

Xxh3Hasher& Xxh3Hasher::update_u64(uint64_t value) {
  std::array<std::byte, 8> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
  }
  return update(bytes);
}

Xxh3Hasher& Xxh3Hasher::update_field(std::string_view text) {
  return update_u64(text.size()).update(text);
}

std::string Xxh3Hasher::hex() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->xxh));
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * sizeof(canonical.digest));
  for (unsigned char byte : canonical.digest) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

uint64_t Xxh3Hasher::low64() const {
  return XXH3_128bits_digest(state_->xxh).low64;
}

std::string xxh3_hex(std::span<const std::byte> bytes) {
  return Xxh3Hasher().update(bytes).hex();
}

std::string xxh3_hex(std::string_view text) {
  return Xxh3Hasher().update(text).hex();
}

std::string xxh3_hex_of_file(const std::string& path) {
  const FileDescriptor file = open_regular_file(path);
  Xxh3Hasher hasher;
  std::vector<std::byte> buffer(1 << 20);
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw IoError(path + ": cannot read: " + std::strerror(errno));
    }
    if (count == 0) {
      break;
    }
    hasher.update(std::span(buffer.data(), static_cast<size_t>(count)));
  }
  return hasher.hex();
}

}  // namespace ume
