#include "common/tensorfile/safetensors.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "common/error/error.h"
#include "common/tensorfile/json_tokens.h"
#include "common/tensorfile/safetensors_header.h"
#include "common/text/printable.h"

static_assert(std::endian::native == std::endian::little,
              "tensors are stored little endian");

namespace ume {
namespace {

constexpr size_t kMaxHeaderRun = 8u << 20;  // bytes of a name or value

uint64_t read_u64(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) {
    value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  }
  return value;
}

[[noreturn]] void fail(const std::string& where,
                       const std::string& name,
                       const std::string& what) {
  throw InvalidInput(where + ": tensor \"" + printable(name) + "\" " + what);
}

// Bytes that shape and dtype ask for. Every product is checked: a shape such
// as [4194305, 4194305, 211106198978564] wraps to a small number otherwise.
uint64_t wanted_bytes(const HeaderEntry& entry, const std::string& where) {
  uint64_t total = static_cast<uint64_t>(dtype_bytes(entry.dtype));
  for (const int64_t size : entry.shape) {
    if (__builtin_mul_overflow(total, static_cast<uint64_t>(size), &total)) {
      fail(where, entry.name, "has a shape whose size overflows");
    }
  }
  return total;
}

void check_layout(std::vector<HeaderEntry>& entries,
                  uint64_t data_bytes,
                  const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t reached = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin > entry.end || entry.end > data_bytes) {
      fail(where, entry.name,
           "lies at [" + std::to_string(entry.begin) + ", " +
               std::to_string(entry.end) + ") of " +
               std::to_string(data_bytes) + " data bytes");
    }
    if (entry.begin != reached) {
      fail(where, entry.name,
           "begins at byte " + std::to_string(entry.begin) + ", expected " +
               std::to_string(reached) + " (no hole, no overlap)");
    }
    const uint64_t wanted = wanted_bytes(entry, where);
    if (entry.end - entry.begin != wanted) {
      fail(where, entry.name,
           "has " + std::to_string(entry.end - entry.begin) +
               " bytes, but shape and dtype need " + std::to_string(wanted));
    }
    reached = entry.end;
  }
  if (reached != data_bytes) {
    throw InvalidInput(where + ": " + std::to_string(data_bytes - reached) +
                       " bytes after the last tensor");
  }
}

}  // namespace

TensorViews parse_safetensors(std::span<const std::byte> bytes,
                              const std::string& where,
                              TensorMetadata* metadata) {
  if (bytes.size() < 8) {
    throw InvalidInput(where + ": " + std::to_string(bytes.size()) +
                       " bytes are too short for a safetensors file");
  }
  const uint64_t header_bytes = read_u64(bytes);
  if (header_bytes > kMaxSafetensorsHeader || header_bytes > bytes.size() - 8) {
    throw InvalidInput(where + ": header of " + std::to_string(header_bytes) +
                       " bytes in a file of " + std::to_string(bytes.size()) +
                       " (truncated, or not a safetensors file; at most " +
                       std::to_string(kMaxSafetensorsHeader) + ")");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8,
                              header_bytes);
  if (text.empty() || text.front() != '{') {
    throw InvalidInput(where + ": the header must start with '{'");
  }
  // The JSON parser takes a NUL byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) {
    throw InvalidInput(where + ": the header holds a NUL byte");
  }
  // Writers fill up with blanks, some with many.
  const std::string_view json =
      text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  check_json_tokens(json, kMaxHeaderRun, where + ": header");
  SafetensorsHeader header = parse_safetensors_header(json, where);
  const auto data = bytes.subspan(8 + header_bytes);
  check_layout(header.entries, data.size(), where);
  TensorViews views;
  for (HeaderEntry& entry : header.entries) {
    views.emplace(
        std::move(entry.name),
        TensorView{entry.dtype, std::move(entry.shape),
                   data.subspan(entry.begin, entry.end - entry.begin)});
  }
  if (metadata != nullptr) *metadata = std::move(header.metadata);
  return views;
}

}  // namespace ume
