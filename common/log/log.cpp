#include "common/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

namespace ume {
namespace {

std::shared_ptr<spdlog::logger> make_logger(const std::string& process) {
  auto logger = std::make_shared<spdlog::logger>(
      process, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // UTC, so that the logs of all hosts can be laid side by side.
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      process.empty() ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v"
                      : "%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v",
      spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (code < 0x20 || code == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x", code);
      out += escape;
    } else {
      out += c;
    }
  }
  return out;
}

// spdlog's own default writes to stdout, which belongs to results.
void start_unless_started() {
  static const bool started = [] {
    spdlog::set_default_logger(make_logger(""));
    return true;
  }();
  static_cast<void>(started);
}

void write(spdlog::level::level_enum level, std::string_view text) {
  start_unless_started();
  spdlog::default_logger()->log(level, spdlog::string_view_t(one_line(text)));
}

}  // namespace

void start_logging(const std::string& process) {
  start_unless_started();
  spdlog::set_default_logger(make_logger(process));
}

void log_info(std::string_view text) {
  write(spdlog::level::info, text);
}
void log_warning(std::string_view text) {
  write(spdlog::level::warn, text);
}
void log_error(std::string_view text) {
  write(spdlog::level::err, text);
}

}  // namespace ume
