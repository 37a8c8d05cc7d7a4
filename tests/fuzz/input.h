#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/error/check.h"
#include "common/error/error.h"
#include "tests/fuzz/targets.h"

namespace ume::fuzz {

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Whether `read` takes its input; a refusal is an ume::Error that says why.
template <class Read>
bool accepts(const Read& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    UME_CHECK(error.what()[0] != '\0', "a refusal without a reason");
    return false;
  }
}

// Takes values off the front of an input; zeros when it is used up.
class InputReader {
 public:
  explicit InputReader(Bytes bytes) : rest_(bytes) {}

  template <class T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const size_t size = std::min(sizeof(T), rest_.size());
    if (size > 0) std::memcpy(&value, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }

  std::string take_text(size_t max_size) {
    const size_t size = std::min(max_size, rest_.size());
    std::string text(as_text(rest_.first(size)));
    rest_ = rest_.subspan(size);
    return text;
  }

  std::string take_rest() { return take_text(rest_.size()); }

 private:
  Bytes rest_;
};

}  // namespace ume::fuzz
