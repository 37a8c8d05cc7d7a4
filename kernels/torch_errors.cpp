#include "kernels/torch_errors.h"

#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>
#include <string_view>

namespace ume {
namespace {

// The CPU's allocator has no exception of its own for it, only words.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string_view(error.msg()).find("can't allocate memory") !=
             std::string_view::npos;
}

}  // namespace

void without_torch_errors(const std::function<void()>& work) {
  try {
    work();
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw std::bad_alloc();
    throw std::runtime_error(error.what_without_backtrace());
  }
}

}  // namespace ume
