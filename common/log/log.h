#pragma once

#include <string>
#include <string_view>

// The process's one log: lines on stderr, as
//   2026-01-31T12:00:00.123Z warning rollout-1: text
// with the time in UTC. Safe from all threads.
namespace ume {

// Names the process in the lines from here on; before, they have no name.
void start_logging(const std::string& process);

// One line each: line breaks and control characters are shown escaped, as a
// text may come from outside.
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);

}  // namespace ume
