#include "actors/run/config_difference.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "common/config/config.h"

namespace ume {
namespace {

constexpr const char* kElement = "- ";  // of a list of sections

std::vector<std::string> lines_of(const RunConfig& config) {
  std::istringstream text(dump_config(config));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// A line without what it stands under: its indent and "key: value".
struct Line {
  size_t indent;
  std::string text;
};

Line parse(const std::string& line) {
  const size_t indent = std::min(line.find_first_not_of(' '), line.size());
  return {indent, line.substr(indent)};
}

// With the keys of the sections around it.
std::string dotted(const std::vector<std::string>& lines, size_t at) {
  if (at >= lines.size()) return "";
  Line line = parse(lines[at]);
  if (line.text.starts_with(kElement)) line.text.erase(0, 2);
  for (size_t i = at; i-- > 0 && line.indent > 0;) {
    const Line above = parse(lines[i]);
    if (above.indent >= line.indent) continue;
    line.indent = above.indent;
    if (above.text.starts_with(kElement)) continue;
    line.text = above.text.substr(0, above.text.find(':')) + "." + line.text;
  }
  return line.text;
}

}  // namespace

std::optional<ConfigDifference> first_difference(const RunConfig& found,
                                                 const RunConfig& expected) {
  const std::vector<std::string> a = lines_of(found);
  const std::vector<std::string> b = lines_of(expected);
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at.first == a.end() && at.second == b.end()) return std::nullopt;
  return ConfigDifference{
      dotted(a, static_cast<size_t>(at.first - a.begin())),
      dotted(b, static_cast<size_t>(at.second - b.begin()))};
}

}  // namespace ume
