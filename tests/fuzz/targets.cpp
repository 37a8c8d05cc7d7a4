#include "tests/fuzz/targets.h"

#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {
#define UME_FUZZ_ENTRY(name) {#name, name},
      UME_FUZZ_TARGETS(UME_FUZZ_ENTRY)
#undef UME_FUZZ_ENTRY
  };
  return kTargets;
}

}  // namespace ume::fuzz
