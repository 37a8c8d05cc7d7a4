#include <cstddef>
#include <cstring>
#include <vector>

#include "common/hash/xxh3.h"
#include "common/weights/internal/weight_file.h"
#include "coordinator/ledger/result_blob.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

// The content of a ledger's blob; the checksum behind it is made to hold.
void result_blob(Bytes input) {
  std::string blob(as_text(input));
  blob += xxh3_hex(blob);
  accepts([&] {
    const GroupResult result = unpack_result(blob);
    const std::string written = pack_result(result);
    UME_CHECK(pack_result(unpack_result(written)) == written,
              "a written result reads differently");
  });
}

// Eight bytes before the header are its length, which is made to fit the
// first line, up to '\n', when it has none of its own.
void weight_file(Bytes input) {
  constexpr size_t kMagicBytes = 8;
  constexpr size_t kPrologue = 16;
  std::vector<uint8_t> file(input.begin(), input.end());
  const size_t end = as_text(input).find('\n');
  if (file.size() > kPrologue && end != std::string_view::npos &&
      end >= kPrologue && file[kPrologue - 1] == 0xff) {
    const uint64_t length = end - kPrologue;
    std::memcpy(file.data() + kMagicBytes, &length, sizeof length);
  }
  const auto bytes = std::as_bytes(std::span(file));
  accepts([&] {
    for (const WeightTensor& tensor : parse_weights(bytes, "input").tensors) {
      UME_CHECK(
          tensor.bytes.empty() || (tensor.bytes.data() >= bytes.data() &&
                                   tensor.bytes.data() + tensor.bytes.size() <=
                                       bytes.data() + bytes.size()),
          "a tensor lies outside of its file");
    }
  });
}

}  // namespace ume::fuzz
