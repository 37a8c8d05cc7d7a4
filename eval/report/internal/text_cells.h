#pragma once

#include <cstddef>
#include <string>

#include "eval/metrics/bootstrap.h"

// Pieces of the plain-text tables.
namespace ume::text_cells {

// As printf; at most 255 bytes.
std::string format(const char* pattern, ...)
    __attribute__((format(printf, 1, 2)));

// The text, filled up with blanks to so many columns of a terminal.
std::string cell(const std::string& text, size_t columns);

// Control characters become blanks.
std::string printable(std::string text);

// "0.123 [0.100, 0.150]".
std::string with_interval(const Estimate& e);

// "+0.123 [+0.100, +0.150]".
std::string signed_interval(const Estimate& e);

}  // namespace ume::text_cells
