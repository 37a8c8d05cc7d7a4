// libFuzzer's entry; UME_FUZZ_TARGET names the target of this program.
#include "tests/fuzz/target_functions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ume::fuzz::UME_FUZZ_TARGET({data, size});
  return 0;
}
