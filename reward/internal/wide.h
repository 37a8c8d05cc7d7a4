#pragma once

#include <cstdint>

// Eight numbers at a time. The same body is compiled for the baseline and for
// AVX2, and the processor decides at run time; both add in the same order, so
// that the results are the same bits.
namespace ume {

constexpr int64_t kLanes = 8;

typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Counts __attribute__((vector_size(kLanes * sizeof(int32_t))));
// Half the lanes: what AVX2 widens in one instruction.
constexpr int64_t kHalf = kLanes / 2;
typedef double Doubles __attribute__((vector_size(kHalf * sizeof(double))));
// The same in memory, where no more than a float's alignment is promised.
typedef float StoredFloats
    __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
typedef float StoredHalf
    __attribute__((vector_size(kHalf * sizeof(float)), aligned(4), may_alias));

#define UME_WIDE_BODY static inline __attribute__((always_inline))

// kHalf numbers in double precision. (A wide return value would have an ABI of
// its own for each target.)
UME_WIDE_BODY void widen(const float* from, Doubles& out) {
  out = __builtin_convertvector(*reinterpret_cast<const StoredHalf*>(from),
                                Doubles);
}

#if defined(__x86_64__)
#define UME_AVX2 __attribute__((target("avx2")))
inline bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
#else
#define UME_AVX2
inline bool has_avx2() {
  return false;
}
#endif

}  // namespace ume
