#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ume {

// Whether a term's name is that of an extension: plugin, external or judge.
bool is_extension(const std::string& term);

// Settings of the terms that run code of others: `plugin` (a shared object),
// `external` (a service) and `judge` (a language model). docs/rewards.md.
struct ExtensionConfig {
  // plugin
  std::string path = "";
  std::string symbol = "ume_reward_plugin_v1";
  std::string isolation = "process";
  int64_t memory_mb = 1024;
  // external
  std::string endpoint = "";
  std::string server_key = "";
  std::string key_file = "";
  std::string version = "";
  // judge
  std::string url = "";
  std::string model = "";
  std::string prompt = "";
  std::string api_key_file = "";
  std::string api_key_env = "";
  int64_t concurrency = 8;
  int64_t deadline_ms = 300000;
  double score_min = 0.0;
  double score_max = 1.0;
  int64_t max_response_kb = 256;
  // shared
  std::map<std::string, std::string> params = {};
  int64_t timeout_ms = 10000;
  int64_t retries = 2;
  int64_t breaker_failures = 5;
  double breaker_seconds = 30.0;

  bool operator==(const ExtensionConfig&) const = default;

  // term: the name of the term that has them; where: names it in messages.
  void validate(const std::string& term, const std::string& where) const;
  // The longest that one cohort can take, in seconds; 0 for other terms.
  double longest_seconds(const std::string& term) const;
};

template <class Visitor>
void visit_fields(Visitor& v, ExtensionConfig& c) {
  v("path", c.path, "plugin: the shared object");
  v("symbol", c.symbol, "plugin: the function that describes it");
  v("isolation", c.isolation,
    "plugin: process (a child, so that a crash, hang or leak fails the call "
    "only) or none (in the service itself)");
  v("memory_mb", c.memory_mb, "plugin: address space of its process");
  v("endpoint", c.endpoint,
    "external: tcp://127.0.0.1:PORT or ipc://PATH of the service");
  v("server_key", c.server_key,
    "external: the service's CURVE public key (Z85); needed for other hosts");
  v("key_file", c.key_file,
    "external: file with our CURVE secret key (Z85), with server_key");
  v("version", c.version,
    "external: the version that the service must say it is; empty: any");
  v("url", c.url,
    "judge: OpenAI-compatible chat endpoint, https://HOST/v1/chat/completions");
  v("model", c.model, "judge: name of the model");
  v("prompt", c.prompt,
    "judge: what it is asked; {prompt}, {other_prompt}, {completion}, "
    "{reasoning}, {answer}, {side} and {source} are filled in");
  v("api_key_file", c.api_key_file, "judge: file that holds the key");
  v("api_key_env", c.api_key_env,
    "judge: environment variable that holds the key");
  v("concurrency", c.concurrency, "judge: calls at once");
  v("deadline_ms", c.deadline_ms, "judge: for all calls of one cohort");
  v("score_min", c.score_min, "judge: lowest score that counts as one");
  v("score_max", c.score_max, "judge: highest score that counts as one");
  v("max_response_kb", c.max_response_kb, "judge: longer answers are refused");
  v("params", c.params, "plugin, external: handed over as they are");
  v("timeout_ms", c.timeout_ms,
    "plugin: of a cohort; external, judge: of one attempt");
  v("retries", c.retries, "external, judge: attempts after the first");
  v("breaker_failures", c.breaker_failures,
    "external, judge: failures in a row after which nothing is tried for a "
    "while");
  v("breaker_seconds", c.breaker_seconds,
    "how long that is; plugin: the longest pause before it is started again");
}

}  // namespace ume
