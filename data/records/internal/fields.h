#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

// Reads the members of one JSON object; `where` ("FILE, line 3: qry.") is
// what the messages of the InvalidInputs begin with.
class Fields {
 public:
  // Throws if `value` is not an object.
  Fields(const nlohmann::json& value, std::string where);

  bool has(const char* name) const;  // there and not null
  // The message's beginning for one member: "FILE, line 3: qry.image".
  std::string at(const char* name) const { return prefix_ + name; }
  [[noreturn]] void fail(const char* name, const std::string& what) const;

  // The member "id" as JSON, "null" where missing: a text, or a number that
  // comes back as it was. A whole number beyond 64 bits is refused.
  std::string id() const;

  // Null where missing.
  const nlohmann::json& get(const char* name) const;
  std::string text(const char* name) const;                // required
  std::string text_or_empty(const char* name) const;       // "" where missing
  double number(const char* name) const;                   // required, finite
  const nlohmann::json& list(const char* name) const;      // required
  Fields object(const char* name) const;                   // required
  std::vector<std::string> texts(const char* name) const;  // required
  // A path or a list of paths; missing, null, "" and [""] are none.
  std::vector<MediaRef> media(const char* name, const std::string& root) const;

 private:
  const nlohmann::json& value_;
  std::string prefix_;
};

}  // namespace ume
