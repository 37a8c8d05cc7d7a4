#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// What is fuzzed: each parser that reads what others wrote, behind a function
// of bytes (docs/fuzzing.md). libFuzzer drives one of them a program; the
// replay test drives all of them over the kept inputs.
namespace ume::fuzz {

using Bytes = std::span<const uint8_t>;

// A target refuses its input with one of ume::Error, or reads it and checks
// what must hold of every accepted one. Anything else is a finding: another
// exception, a broken promise (abort), a sanitizer's report.
struct Target {
  std::string_view name;  // also of its corpus folder and dictionary
  void (*run)(Bytes input);
};

std::span<const Target> targets();

}  // namespace ume::fuzz
