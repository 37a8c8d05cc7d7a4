#include "common/tensorfile/safetensors.h"
#include "common/tensorfile/shard_index.h"

#include <vector>

#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

constexpr size_t kLengthBytes = 8;

// A length of 2^63 and more is refused at once, so that the inputs whose
// eighth byte is 255 are free for another use: the length is made to fit the
// header, up to the last '}'. Mutations then reach the header's grammar.
std::vector<uint8_t> with_fitting_length(Bytes input) {
  std::vector<uint8_t> file(input.begin(), input.end());
  if (file.size() < kLengthBytes || file[kLengthBytes - 1] != 0xff) return file;
  const size_t brace = as_text(input).rfind('}');
  const uint64_t length = brace == std::string_view::npos || brace < 8
                              ? file.size() - kLengthBytes
                              : brace + 1 - kLengthBytes;
  std::memcpy(file.data(), &length, kLengthBytes);
  return file;
}

// Accepted tensors fill the data after the header, each with the bytes that
// its shape asks for.
void check_views(const TensorViews& views, std::span<const std::byte> file) {
  size_t num_bytes = 0;
  for (const auto& [name, view] : views) {
    auto wanted = static_cast<size_t>(dtype_bytes(view.dtype));
    for (const int64_t size : view.shape) wanted *= static_cast<size_t>(size);
    UME_CHECK(wanted == view.bytes.size(), "bytes and shape disagree");
    UME_CHECK(
        view.bytes.data() >= file.data() + kLengthBytes &&
            view.bytes.data() + view.bytes.size() <= file.data() + file.size(),
        "a tensor lies outside of its file");
    num_bytes += view.bytes.size();
  }
  UME_CHECK(num_bytes < file.size(), "tensors share bytes");
}

}  // namespace

void safetensors(Bytes input) {
  const std::vector<uint8_t> file = with_fitting_length(input);
  const auto bytes = std::as_bytes(std::span(file));
  accepts([&] {
    TensorMetadata metadata;
    check_views(parse_safetensors(bytes, "input", &metadata), bytes);
  });
}

void safetensors_index(Bytes input) {
  accepts([&] {
    for (const auto& [file, tensors] :
         parse_shard_index(as_text(input), "input")) {
      UME_CHECK(file.find('/') == std::string::npos && file[0] != '.',
                "a shard outside of the folder");
      UME_CHECK(!tensors.empty(), "a shard without tensors");
    }
  });
}

}  // namespace ume::fuzz
