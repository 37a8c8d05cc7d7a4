#include "common/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <map>
#include <vector>

#include "common/config/nearest.h"
#include "common/error/error.h"

namespace ume {
namespace {

spdlog::level::level_enum level_of(const std::string& name) {
  static const std::map<std::string, spdlog::level::level_enum> kLevels = {
      {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},
      {"warning", spdlog::level::warn},
      {"error", spdlog::level::err},
      {"off", spdlog::level::off}};
  const auto found = kLevels.find(name);
  if (found == kLevels.end()) {
    std::vector<std::string> names;
    for (const auto& [known, level] : kLevels) {
      names.push_back(known);
    }
    const std::string nearest = nearest_word(name, names);
    throw ConfigError(
        "log level '" + name +
        "': expected debug, info, warning, error or off" +
        (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }
  return found->second;
}

std::shared_ptr<spdlog::logger> make_logger(const LogOptions& options) {
  const spdlog::level::level_enum level = level_of(options.level);
  std::vector<spdlog::sink_ptr> sinks;
  if (options.to_stderr) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  try {
    if (!options.file.empty()) {
      sinks.push_back(
          std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
    }
  } catch (const spdlog::spdlog_ex& error) {
    throw IoError(error.what());
  }
  auto logger = std::make_shared<spdlog::logger>(options.process, sinks.begin(),
                                                 sinks.end());
  // UTC, so that the logs of all hosts can be laid side by side.
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      options.process.empty() ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v"
                              : "%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v",
      spdlog::pattern_time_type::utc));
  logger->set_level(level);
  logger->flush_on(spdlog::level::debug);
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
    spdlog::set_default_logger(make_logger({}));
    return true;
  }();
  static_cast<void>(started);
}

void write(spdlog::level::level_enum level, std::string_view text) {
  start_unless_started();
  const auto logger = spdlog::default_logger();
  if (logger->should_log(level)) {
    logger->log(level, spdlog::string_view_t(one_line(text)));
  }
}

}  // namespace

void start_logging(const LogOptions& options) {
  start_unless_started();
  spdlog::set_default_logger(make_logger(options));
}

void log_debug(std::string_view text) {
  write(spdlog::level::debug, text);
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
