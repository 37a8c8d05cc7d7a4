#pragma once

#include <string>

namespace ume {

// The key in a file, without white space around it. Throws ConfigError when it
// cannot be read, is empty, or is readable by others than its owner.
std::string read_secret_file(const std::string& path);

}  // namespace ume
