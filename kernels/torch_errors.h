#pragma once

#include <functional>

namespace ume {

// Runs `work`. What LibTorch throws leaves as std::bad_alloc where memory ran
// out, else as std::runtime_error with the message alone: LibTorch puts a
// stack dump behind it. Other exceptions pass.
void without_torch_errors(const std::function<void()>& work);

}  // namespace ume
