#pragma once

#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>

#include "common/error/error.h"

namespace ume {

// Throws ConfigError "FIELD is VALUE, expected EXPECTED" unless `ok`.
template <class T>
void check_field(bool ok,
                 std::string_view field,
                 const T& value,
                 std::string_view expected) {
  if (ok) return;
  std::ostringstream text;
  text << field << " is " << value << ", expected " << expected;
  throw ConfigError(text.str());
}

// Throws ConfigError, listing the names, unless `value` is one of them.
inline void check_choice(std::string_view field,
                         const std::string& value,
                         std::initializer_list<std::string_view> names) {
  if (std::find(names.begin(), names.end(), value) != names.end()) return;
  std::string list;
  for (std::string_view name : names) {
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw ConfigError(std::string(field) + " is \"" + value +
                    "\", expected one of: " + list);
}

}  // namespace ume
