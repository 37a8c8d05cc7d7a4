#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

// What an option's number may be, for CLI::Option::check(). CLI11 by itself
// takes -1 for an unsigned number, the largest one for what is larger, 010 for
// 8, and nan for a number within a range.
namespace ume {

// Digits alone, in base ten, without leading zeros. Both bounds count.
CLI::Validator whole_number(uint64_t least, uint64_t most);

// Both bounds count.
CLI::Validator finite_number(double least, double most);

// 0 (always the likeliest token), or what logits can be divided by: 1e-6 or
// more.
CLI::Validator sampling_temperature();

}  // namespace ume
