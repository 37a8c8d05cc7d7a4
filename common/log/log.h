#pragma once

#include <string>
#include <string_view>

// The process's one log: lines
//   2026-01-31T12:00:00.123Z warning rollout-1: text
// on stderr and, once configured, in a file. Safe from all threads.
namespace ume {

struct LogOptions {
  std::string level = "info";  // debug, info, warning, error or off
  std::string process = {};    // named in each line, e.g. "rollout-1"
  std::string file = {};       // appended to; empty: none
  bool to_stderr = true;
};

// May be called again. Throws ConfigError for an unknown level, IoError when
// the file cannot be opened. Before the first call: stderr, level info.
void start_logging(const LogOptions& options);

// One line each: line breaks and control characters are shown escaped, as a
// text may come from outside.
void log_debug(std::string_view text);
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);

}  // namespace ume
