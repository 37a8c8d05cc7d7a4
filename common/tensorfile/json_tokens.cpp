#include "common/tensorfile/json_tokens.h"

#include <algorithm>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr size_t kMaxBareBytes = 64;

enum class Run { kBare, kSpace, kText };

[[noreturn]] void refuse(Run run, size_t limit, const std::string& where) {
  const std::string what = run == Run::kBare    ? "a number or word"
                           : run == Run::kSpace ? "white space"
                                                : "a text";
  throw InvalidInput(where + ": " + what + " of more than " +
                     std::to_string(limit) + " bytes in JSON");
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool is_structure(char c) {
  return c == '[' || c == ']' || c == '{' || c == '}' || c == ',' || c == ':';
}

// Behind the text that begins before `at`; its end where there is none.
size_t end_of_text(std::string_view json, size_t at) {
  for (; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

// Behind the run that begins at `at`.
size_t end_of_run(std::string_view json, size_t at, Run run) {
  if (run == Run::kText) return end_of_text(json, at + 1);
  const auto goes_on = [run](char c) {
    if (run == Run::kSpace) return is_space(c);
    return !is_space(c) && !is_structure(c) && c != '"';
  };
  while (at < json.size() && goes_on(json[at])) ++at;
  return at;
}

}  // namespace

void check_json_tokens(std::string_view json,
                       size_t max_run_bytes,
                       const std::string& where) {
  for (size_t at = 0; at < json.size();) {
    if (is_structure(json[at])) {
      ++at;
      continue;
    }
    const Run run = json[at] == '"'      ? Run::kText
                    : is_space(json[at]) ? Run::kSpace
                                         : Run::kBare;
    const size_t limit = run == Run::kBare ? kMaxBareBytes : max_run_bytes;
    const size_t num_quotes = run == Run::kText ? 2 : 0;
    const size_t end = end_of_run(json, at, run);
    if (end - at > limit + num_quotes) refuse(run, limit, where);
    at = end;
  }
}

}  // namespace ume
