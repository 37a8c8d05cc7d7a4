#include "reward/extension/extension_config.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

void need(bool holds, const std::string& text) {
  if (!holds) throw ConfigError(text);
}

void need_range(int64_t value,
                int64_t low,
                int64_t high,
                const std::string& field) {
  need(value >= low && value <= high,
       field + ": expected " + std::to_string(low) + " to " +
           std::to_string(high) + ", found " + std::to_string(value));
}

// Which terms have a key, by its name in visit_fields.
const std::map<std::string, std::vector<std::string>>& owners() {
  const std::vector<std::string> plugin = {"plugin"};
  const std::vector<std::string> external = {"external"};
  const std::vector<std::string> judge = {"judge"};
  const std::vector<std::string> remote = {"external", "judge"};
  const std::vector<std::string> all = {"plugin", "external", "judge"};
  static const std::map<std::string, std::vector<std::string>> table = {
      {"path", plugin},
      {"symbol", plugin},
      {"isolation", plugin},
      {"memory_mb", plugin},
      {"endpoint", external},
      {"server_key", external},
      {"key_file", external},
      {"version", external},
      {"url", judge},
      {"model", judge},
      {"prompt", judge},
      {"api_key_file", judge},
      {"api_key_env", judge},
      {"concurrency", judge},
      {"deadline_ms", judge},
      {"score_min", judge},
      {"score_max", judge},
      {"max_response_kb", judge},
      {"params", {"plugin", "external"}},
      {"timeout_ms", all},
      {"retries", remote},
      {"breaker_failures", remote},
      {"breaker_seconds", all},
  };
  return table;
}

// The keys of a config with their values.
struct KeyValues {
  using Value = std::
      variant<int64_t, double, std::string, std::map<std::string, std::string>>;
  std::vector<std::pair<std::string, Value>> keys;

  template <class T>
  void operator()(const char* name, T& value, const char*) {
    keys.emplace_back(name, value);
  }
};

// Those that are not at their default.
std::vector<std::string> changed_keys(ExtensionConfig config) {
  ExtensionConfig fresh;
  KeyValues own;
  KeyValues defaults;
  visit_fields(own, config);
  visit_fields(defaults, fresh);
  std::vector<std::string> changed;
  for (size_t i = 0; i < own.keys.size(); ++i) {
    if (own.keys[i] != defaults.keys[i]) changed.push_back(own.keys[i].first);
  }
  return changed;
}

void check_owned(const ExtensionConfig& config,
                 const std::string& term,
                 const std::string& where) {
  for (const std::string& key : changed_keys(config)) {
    const std::vector<std::string>& of = owners().at(key);
    if (std::count(of.begin(), of.end(), term)) continue;
    std::string list;
    for (const std::string& owner : of) {
      list += (list.empty() ? "" : ", ") + owner;
    }
    throw ConfigError(where + "." + key + ": belongs to " + list +
                      ", found in " + term);
  }
}

void validate_plugin(const ExtensionConfig& c, const std::string& where) {
  need(!c.path.empty(), where + ".path: expected a shared object");
  need(!c.symbol.empty(), where + ".symbol: expected a function's name");
  need(c.isolation == "process" || c.isolation == "none",
       where + ".isolation: found '" + c.isolation +
           "', expected process or none");
  need_range(c.memory_mb, 256, 1 << 20, where + ".memory_mb");
}

void validate_external(const ExtensionConfig& c, const std::string& where) {
  need(!c.endpoint.empty(),
       where + ".endpoint: expected tcp://127.0.0.1:PORT or ipc://PATH");
  need(c.server_key.empty() == c.key_file.empty(),
       where + ": server_key and key_file go together");
  need(c.server_key.empty() || c.server_key.size() == 40,
       where + ".server_key: expected 40 characters (Z85), found " +
           std::to_string(c.server_key.size()));
}

void validate_judge(const ExtensionConfig& c, const std::string& where) {
  need(c.url.starts_with("http://") || c.url.starts_with("https://"),
       where + ".url: expected https://… or http://…");
  need(!c.model.empty(), where + ".model: expected a model's name");
  need(c.prompt.find("{completion}") != std::string::npos ||
           c.prompt.find("{answer}") != std::string::npos,
       where + ".prompt: expected a text with {completion} or {answer} in it");
  need(c.api_key_file.empty() || c.api_key_env.empty(),
       where + ": api_key_file or api_key_env, not both");
  need(std::isfinite(c.score_min) && std::isfinite(c.score_max) &&
           c.score_min < c.score_max,
       where + ".score_min: expected less than score_max");
  need_range(c.concurrency, 1, 256, where + ".concurrency");
  need_range(c.deadline_ms, 1, 86400000, where + ".deadline_ms");
  need_range(c.max_response_kb, 1, 65536, where + ".max_response_kb");
}

}  // namespace

bool is_extension(const std::string& term) {
  return term == "plugin" || term == "external" || term == "judge";
}

void ExtensionConfig::validate(const std::string& term,
                               const std::string& where) const {
  const bool plugin = term == "plugin";
  const bool external = term == "external";
  const bool judge = term == "judge";
  check_owned(*this, term, where);
  if (!is_extension(term)) return;
  need_range(timeout_ms, 1, 86400000, where + ".timeout_ms");
  need_range(retries, 0, 100, where + ".retries");
  need_range(breaker_failures, 1, 1000, where + ".breaker_failures");
  need(breaker_seconds >= 0 && breaker_seconds <= 86400,
       where + ".breaker_seconds: expected 0 to 86400");
  if (plugin) validate_plugin(*this, where);
  if (external) validate_external(*this, where);
  if (judge) validate_judge(*this, where);
}

double ExtensionConfig::longest_seconds(const std::string& term) const {
  const double attempt = static_cast<double>(timeout_ms) * 1e-3;
  if (term == "plugin") return attempt;
  if (term == "external") return attempt * static_cast<double>(retries + 1);
  if (term == "judge") return static_cast<double>(deadline_ms) * 1e-3;
  return 0.0;
}

}  // namespace ume
