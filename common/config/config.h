#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/config_fields.h"

// Reads config structs from YAML, strictly (docs/configuration.md). A struct
// has defaults, `void validate() const` and a free template
// `visit_fields(V& v, Config& config)`.
//
//   auto config = read_config<TrainConfig>("configs/emoji.yaml",
//                                          {"sft.steps=10"});
namespace ume {

// Lays what the text says over the section's current values.
//   source: the file's name, for messages.
// Throws ConfigError `FILE:LINE: …` for an unknown key (with the nearest known
// one), a key given twice, a value of another type, malformed YAML, several
// documents, or a text beyond the limits (1 MiB, 64 levels, 100,000 nodes and
// 16 MiB of text after aliases).
void apply_yaml(ConfigSection section,
                std::string_view text,
                const std::string& source);

// `a.b=VALUE` sets one field; VALUE is YAML (lists: [x, y]); a list's element
// is `terms.0.weight` or `terms[0].weight`; a map's entry is `roots.NAME`.
// Throws ConfigError that repeats the override.
void apply_override(ConfigSection section, const std::string& assignment);

// The resolved values as YAML that apply_yaml reads back to the same values.
//   with_help: each key preceded by its help as a comment.
std::string dump_yaml(const ConfigSection& section, bool with_help = false);

// JSON Schema (draft 2020-12) with types, defaults and help.
std::string json_schema(const ConfigSection& section, const std::string& title);

// The file's text. Throws ConfigError when there is none or it is too large.
std::string read_config_text(const std::string& path);

// Runs `validate` and puts the source before its message; with the source's
// text also the line of the field that the message begins with, or the
// override that set it.
void validate_as(const std::function<void()>& validate,
                 const std::string& source,
                 std::string_view text = {},
                 const std::vector<std::string>& overrides = {});

// Defaults, then the text, then the overrides, then validate().
template <class Config>
Config parse_config(std::string_view text,
                    const std::string& source,
                    const std::vector<std::string>& overrides = {}) {
  Config config;
  apply_yaml(config_fields(config), text, source);
  for (const std::string& assignment : overrides) {
    apply_override(config_fields(config), assignment);
  }
  validate_as([&] { config.validate(); }, source, text, overrides);
  return config;
}

template <class Config>
Config read_config(const std::string& path,
                   const std::vector<std::string>& overrides = {}) {
  return parse_config<Config>(read_config_text(path), path, overrides);
}

template <class Config>
std::string dump_config(const Config& config, bool with_help = false) {
  Config copy = config;
  return dump_yaml(config_fields(copy), with_help);
}

}  // namespace ume
