#pragma once

#include <string>
#include <vector>

namespace ume {

// "a.b[2].c" -> a, b, 2, c. Throws ConfigError for an empty part.
std::vector<std::string> split_field_path(const std::string& path,
                                          const std::string& source);

}  // namespace ume
