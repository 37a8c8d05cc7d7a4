#include "launch/run/role_logs.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace ume {
namespace {

constexpr size_t kLinesShown = 5;
constexpr uint64_t kMostRead = 64u << 10;

// A line from its author's name on: of the log's "TIME LEVEL NAME: text"
// (common/log/log.h), and of the "NAME: text" with which a program ends.
std::string_view from_author(std::string_view line) {
  constexpr std::string_view kTime = "2026-01-31T12:00:00.123Z ";
  if (line.size() < kTime.size() || line[10] != 'T' ||
      line.substr(kTime.size() - 2, 2) != "Z ") {
    return line;
  }
  line.remove_prefix(kTime.size());
  const size_t level = line.find(' ');
  if (level != std::string_view::npos) line.remove_prefix(level + 1);
  return line;
}

uint64_t size_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Those of the newest start, without empty ones and rulers.
std::vector<std::string> newest_lines(const RoleLog& log) {
  const uint64_t size = size_of(log.path);
  const uint64_t from =
      std::max(log.begin, size > kMostRead ? size - kMostRead : 0);
  std::ifstream file(log.path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(from));
  std::vector<std::string> lines;
  std::string line;
  if (from > log.begin) std::getline(file, line);  // the rest of one
  while (std::getline(file, line)) {
    if (line.find_first_not_of("- \r") != line.npos) lines.push_back(line);
  }
  return lines;
}

}  // namespace

RoleLog log_before_start(const std::filesystem::path& path) {
  return {path, size_of(path)};
}

std::string last_words(const RoleLog& log, const std::string& role) {
  const std::vector<std::string> all = newest_lines(log);
  std::vector<std::string> lines;
  // Our own words first: mpirun's banner would push the reason out.
  for (const std::string& line : all) {
    const std::string_view said = from_author(line);
    if (said.starts_with(role) || said.starts_with("ume")) {
      lines.push_back(line);
    }
  }
  if (lines.empty()) lines = all;
  if (lines.empty()) return "its log " + log.path.string() + " says nothing\n";
  std::string text = "last lines of its log " + log.path.string() + ":\n";
  const size_t first = lines.size() - std::min(lines.size(), kLinesShown);
  for (size_t i = first; i < lines.size(); ++i) text += "  " + lines[i] + "\n";
  return text;
}

}  // namespace ume
