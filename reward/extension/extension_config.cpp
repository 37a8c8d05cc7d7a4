#include "reward/extension/extension_config.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "common/config/checks.h"

namespace ume {
namespace {

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
                 const ConfigChecks& check) {
  for (const std::string& key : changed_keys(config)) {
    const std::vector<std::string>& of = owners().at(key);
    check.only_with(std::count(of.begin(), of.end(), term) > 0, key, of, term);
  }
}

void validate_plugin(const ExtensionConfig& c, const ConfigChecks& check) {
  check.that(!c.path.empty(), "path", c.path, "a shared object");
  check.that(!c.symbol.empty(), "symbol", c.symbol, "a function's name");
  check.one_of("isolation", c.isolation, {"process", "none"});
  check.within("memory_mb", c.memory_mb, 256, 1 << 20);
}

void validate_external(const ExtensionConfig& c, const ConfigChecks& check) {
  check.that(!c.endpoint.empty(), "endpoint", c.endpoint,
             "tcp://127.0.0.1:PORT or ipc://PATH");
  check.that(c.server_key.empty() == c.key_file.empty(),
             c.key_file.empty() ? "key_file" : "server_key", "",
             "a value, as server_key and key_file go together");
  check.that(c.server_key.empty() || c.server_key.size() == 40, "server_key",
             std::ssize(c.server_key), "40 characters (Z85)");
}

void validate_judge(const ExtensionConfig& c, const ConfigChecks& check) {
  check.that(c.url.starts_with("http://") || c.url.starts_with("https://"),
             "url", c.url, "https://… or http://…");
  check.that(!c.model.empty(), "model", c.model, "a model's name");
  check.that(c.prompt.find("{completion}") != std::string::npos ||
                 c.prompt.find("{answer}") != std::string::npos,
             "prompt", c.prompt, "a text with {completion} or {answer} in it");
  check.that(c.api_key_file.empty() || c.api_key_env.empty(), "api_key_env",
             c.api_key_env, "nothing beside api_key_file");
  check.that(std::isfinite(c.score_min) && std::isfinite(c.score_max) &&
                 c.score_min < c.score_max,
             "score_min", c.score_min, "less than score_max");
  check.within("concurrency", c.concurrency, 1, 256);
  check.within("deadline_ms", c.deadline_ms, 1, 86400000);
  check.within("max_response_kb", c.max_response_kb, 1, 65536);
}

}  // namespace

bool is_extension(const std::string& term) {
  return term == "plugin" || term == "external" || term == "judge";
}

void ExtensionConfig::validate(const std::string& term,
                               const std::string& where) const {
  const ConfigChecks check(where);
  check_owned(*this, term, check);
  if (!is_extension(term)) return;
  check.within("timeout_ms", timeout_ms, 1, 86400000);
  check.within("retries", retries, 0, 100);
  check.within("breaker_failures", breaker_failures, 1, 1000);
  check.within("breaker_seconds", breaker_seconds, 0, 86400);
  if (term == "plugin") validate_plugin(*this, check);
  if (term == "external") validate_external(*this, check);
  if (term == "judge") validate_judge(*this, check);
}

double ExtensionConfig::longest_seconds(const std::string& term) const {
  const double attempt = static_cast<double>(timeout_ms) * 1e-3;
  if (term == "plugin") return attempt;
  if (term == "external") return attempt * static_cast<double>(retries + 1);
  if (term == "judge") return static_cast<double>(deadline_ms) * 1e-3;
  return 0.0;
}

}  // namespace ume
