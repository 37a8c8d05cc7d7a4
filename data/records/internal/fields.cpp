#include "data/records/internal/fields.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/internal/json_file.h"

namespace ume {
namespace {

constexpr size_t kMaxMedia = 4096;  // of one item; each may be a frame
// Above it, doubles are further apart than one.
constexpr double kFirstInexact = 9007199254740992.0;  // 2^53

}  // namespace

Fields::Fields(const nlohmann::json& value, std::string where)
    : value_(value),
      prefix_(where + (where.find(": ") == std::string::npos ? ": " : ".")) {
  if (!value.is_object()) {
    throw InvalidInput(where + ": expected an object, found " +
                       quote_json(value));
  }
}

const nlohmann::json& Fields::get(const char* name) const {
  static const nlohmann::json null;
  const auto it = value_.find(name);
  return it == value_.end() ? null : *it;
}

bool Fields::has(const char* name) const {
  return !get(name).is_null();
}

void Fields::fail(const char* name, const std::string& what) const {
  throw InvalidInput(at(name) + ": " + what);
}

std::string Fields::id() const {
  const nlohmann::json& value = get("id");
  if (!value.is_null() && !value.is_string() && !value.is_number()) {
    fail("id", "expected a text or a number, found " + quote_json(value));
  }
  // The reader turns what 64 bits do not hold into one of these.
  if (value.is_number_float() &&
      !(std::abs(value.get<double>()) < kFirstInexact)) {
    fail("id",
         "expected a number that keeps its digits: a whole one of at most 64 "
         "bits, or a text; found " +
             quote_json(value));
  }
  return value.dump();
}

std::string Fields::text(const char* name) const {
  const nlohmann::json& value = get(name);
  if (value_.find(name) == value_.end()) fail(name, "missing");
  if (!value.is_string()) {
    fail(name, "expected a text, found " + quote_json(value));
  }
  return value.get<std::string>();
}

std::string Fields::text_or_empty(const char* name) const {
  return has(name) ? text(name) : "";
}

double Fields::number(const char* name) const {
  const nlohmann::json& value = get(name);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    fail(name, "expected a number, found " + quote_json(value));
  }
  return value.get<double>();
}

const nlohmann::json& Fields::list(const char* name) const {
  const nlohmann::json& value = get(name);
  if (value_.find(name) == value_.end()) fail(name, "missing");
  if (!value.is_array()) {
    fail(name, "expected a list, found " + quote_json(value));
  }
  return value;
}

Fields Fields::object(const char* name) const {
  if (value_.find(name) == value_.end()) fail(name, "missing");
  return Fields(get(name), at(name));
}

std::vector<std::string> Fields::texts(const char* name) const {
  std::vector<std::string> out;
  for (const nlohmann::json& entry : list(name)) {
    if (!entry.is_string()) {
      fail(name, "expected texts, found " + quote_json(entry));
    }
    out.push_back(entry.get<std::string>());
  }
  return out;
}

std::vector<MediaRef> Fields::media(const char* name,
                                    const std::string& root) const {
  const nlohmann::json& value = get(name);
  if (value.is_null() || value == "") return {};
  std::vector<std::string> paths;
  if (value.is_string()) {
    paths.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    paths = texts(name);
  } else {
    fail(name,
         "expected a path or a list of paths, found " + quote_json(value));
  }
  if (paths == std::vector<std::string>{""}) return {};
  if (paths.size() > kMaxMedia) {
    fail(name, std::to_string(paths.size()) + " paths; at most " +
                   std::to_string(kMaxMedia) + " are accepted");
  }
  std::vector<MediaRef> refs;
  for (const std::string& path : paths) {
    if (path.empty()) fail(name, "a path is empty");
    refs.push_back({root, path, ""});
  }
  return refs;
}

}  // namespace ume
