#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/internal/field.h"
#include "common/wire/ume.pb.h"

namespace ume {

static_assert(std::endian::native == std::endian::little,
              "arrays travel in the machine's byte order, little-endian");

constexpr uint64_t kArrayAlignment = 8;

// Collects a message's arrays in its third frame.
class ArrayWriter {
 public:
  template <class Element>
  void add(std::span<const Element> values, v1::Array* array) {
    payload_.resize((payload_.size() + kArrayAlignment - 1) / kArrayAlignment *
                    kArrayAlignment);
    array->set_offset(payload_.size());
    array->set_count(values.size());
    payload_.append(reinterpret_cast<const char*>(values.data()),
                    values.size_bytes());
  }
  std::string take() { return std::move(payload_); }

 private:
  std::string payload_;
};

// Reads them back, in the same order. Refuses an array that begins before the
// end of the one before: no byte is read twice, so a short message cannot claim
// much memory.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view payload) : payload_(payload) {}

  template <class Element>
  std::vector<Element> read(const v1::Array& array, const Field& field) {
    const uint64_t offset = array.offset();
    const uint64_t count = array.count();
    if (offset % kArrayAlignment != 0) {
      refuse(field, "its offset " + std::to_string(offset) +
                        " is not a multiple of 8");
    }
    if (count == 0) {
      return {};
    }
    if (offset < end_ || offset > payload_.size() ||
        count > (payload_.size() - offset) / sizeof(Element)) {
      refuse(field, std::to_string(count) + " elements at offset " +
                        std::to_string(offset) + " do not lie in the " +
                        std::to_string(payload_.size()) +
                        " bytes of arrays, behind the array before");
    }
    std::vector<Element> values(count);
    std::memcpy(values.data(), payload_.data() + offset,
                count * sizeof(Element));
    end_ = offset + count * sizeof(Element);
    return values;
  }

  // Refuses NaN and infinities too.
  template <class Number>
  std::vector<Number> read_finite(const v1::Array& array, const Field& field) {
    std::vector<Number> values = read<Number>(array, field);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        refuse(field, "element " + std::to_string(i) + " is not finite");
      }
    }
    return values;
  }

 private:
  const std::string_view payload_;
  uint64_t end_ = 0;
};

}  // namespace ume
