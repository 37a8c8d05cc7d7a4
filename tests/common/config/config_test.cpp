#include "common/config/config.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Catch::Contains;
using Catch::Equals;
using Catch::StartsWith;

namespace {

struct TermConfig {
  std::string name = "format";
  double weight = 1.0;
};
template <class V>
void visit_fields(V& v, TermConfig& c) {
  v("name", c.name, "which term");
  v("weight", c.weight, "factor of the term");
}

struct OptimizerConfig {
  double learning_rate = 2e-5;
  int64_t warmup_steps = 0;
  bool fused = true;
};
template <class V>
void visit_fields(V& v, OptimizerConfig& c) {
  v("learning_rate", c.learning_rate, "peak rate, per step");
  v("warmup_steps", c.warmup_steps, "steps of linear rise");
  v("fused", c.fused, "");
}

struct RunConfig {
  std::string name = "run";
  std::vector<std::string> phases = {"sft"};
  std::map<std::string, std::string> media_roots;
  OptimizerConfig optimizer;
  std::vector<TermConfig> terms = {TermConfig{"old", 9.0}};
  void validate() const {
    if (optimizer.learning_rate <= 0) {
      throw ConfigError("optimizer.learning_rate: must be above 0");
    }
  }
};
template <class V>
void visit_fields(V& v, RunConfig& c) {
  v("name", c.name, "of the run");
  v("phases", c.phases, "in order");
  v("media_roots", c.media_roots, "");
  v("optimizer", c.optimizer, "");
  v("terms", c.terms, "of the reward");
}

RunConfig parse(const std::string& text,
                const std::vector<std::string>& overrides = {}) {
  return parse_config<RunConfig>(text, "a.yaml", overrides);
}

}  // namespace

TEST_CASE("config: an empty file and empty sections give the defaults") {
  for (const char* text : {"", "# nothing\n", "optimizer:\n"}) {
    const RunConfig config = parse(text);
    CHECK(config.name == "run");
    CHECK(config.optimizer.learning_rate == 2e-5);
    CHECK(config.terms.size() == 1);
  }
}

TEST_CASE("config: every kind of value is read") {
  const RunConfig config = parse(R"(
name: "my run"
phases: [sft, grpo]
media_roots: {photos: /data/photos}
optimizer:
  learning_rate: 1e-6
  warmup_steps: -3
  fused: false
terms:
  - name: ranking
  - {weight: 2}
)");
  CHECK(config.name == "my run");
  CHECK(config.phases == std::vector<std::string>{"sft", "grpo"});
  CHECK(config.media_roots.at("photos") == "/data/photos");
  CHECK(config.optimizer.learning_rate == 1e-6);
  CHECK(config.optimizer.warmup_steps == -3);
  CHECK_FALSE(config.optimizer.fused);
  REQUIRE(config.terms.size() == 2);
  CHECK(config.terms[0].name == "ranking");
  CHECK(config.terms[0].weight == 1.0);  // a fresh element, not the old one
  CHECK(config.terms[1].name == "format");
  CHECK(config.terms[1].weight == 2.0);
}

TEST_CASE("config: an unknown key is placed and the nearest one offered") {
  CHECK_THROWS_WITH(
      parse("name: a\noptimizer:\n  learning_rte: 1\n"),
      "a.yaml:3: unknown key 'learning_rte' in section optimizer; did you mean "
      "'learning_rate'?");
  CHECK_THROWS_WITH(parse("nmae: a\n"),
                    "a.yaml:1: unknown key 'nmae' at the top level; did you "
                    "mean 'name'?");
  CHECK_THROWS_WITH(parse("zebra: a\n"),
                    Contains("known: name phases media_roots optimizer terms"));
  CHECK_THROWS_WITH(
      parse("terms:\n- nam: x\n"),
      Contains("a.yaml:2: unknown key 'nam' in section terms[0]"));
  CHECK_THROWS_AS(parse("<<: {name: a}\n"), ConfigError);
}

TEST_CASE("config: a value of another type is placed and named") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"optimizer: {warmup_steps: ten}",
       "a.yaml:1: optimizer.warmup_steps: expected a whole number, found "
       "'ten'"},
      {"optimizer: {warmup_steps: 1.5}", "expected a whole number"},
      {"optimizer: {warmup_steps: '1'}", "expected a whole number"},
      {"optimizer: {warmup_steps: 99999999999999999999}",
       "expected a whole number"},
      {"optimizer: {learning_rate: .nan}", "expected a number"},
      {"optimizer: {learning_rate: inf}", "expected a finite number"},
      {"optimizer: {learning_rate: 1e999}", "expected a number"},
      {"optimizer: {learning_rate: 1e-6x}", "expected a number"},
      {"optimizer: {fused: yes}", "expected true or false, found 'yes'"},
      {"optimizer: {fused: 1}", "expected true or false"},
      {"optimizer: 3", "optimizer: expected a section with keys, found '3'"},
      {"name: [a]", "name: expected a string, found a list"},
      {"name:", "name: expected a string, found nothing"},
      {"phases: sft", "phases: expected a list of strings, found 'sft'"},
      {"phases: [[a]]", "phases[0]: expected a string"},
      {"media_roots: [a]", "expected a map of strings, found a list"},
      {"terms: {name: a}", "terms: expected a list of sections, found a map"},
      {"terms: [~]", "terms[0]: expected a section with keys, found nothing"},
      {"- a", "a.yaml:1: expected a section with keys, found a list"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    CHECK_THROWS_AS(parse(text), ConfigError);
    CHECK_THROWS_WITH(parse(text), Contains(message));
  }
}

TEST_CASE("config: malformed files are refused with their line") {
  CHECK_THROWS_WITH(parse("name: a\nname: b\n"),
                    "a.yaml:2: the key 'name' was given before, on line 1");
  CHECK_THROWS_WITH(parse("name: a\n  b: [\n"),
                    Contains("a.yaml:2: not valid YAML"));
  CHECK_THROWS_WITH(parse("name: a\n---\nname: b\n"),
                    Contains("more than one YAML document"));
  CHECK_THROWS_WITH(parse("name: !python/object a\n"), Contains("tag"));
  CHECK_THROWS_WITH(parse("[a]: b\n"), Contains("expected a key"));
  CHECK_THROWS_AS(parse("name: *missing\n"), ConfigError);
  CHECK_THROWS_AS(parse("optimizer: &x {a: *x}\n"), ConfigError);
}

TEST_CASE("config: size, depth and alias bombs are refused") {
  CHECK_THROWS_WITH(parse(std::string(2 << 20, '#')), Contains("1 MiB"));
  CHECK_THROWS_WITH(parse("name: " + std::string(80, '[')),
                    Contains("deeper than 64"));
  CHECK_THROWS_AS(parse("name: " + std::string(100'000, '[')), ConfigError);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) {
      bomb += (j > 0 ? "," : "") + before;
    }
    bomb += "]\n";
  }
  CHECK_THROWS_WITH(parse(bomb), Contains("more than 100000 values"));
  std::string ladder = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    ladder += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
              std::to_string(i - 1) + "]\n";
  }
  CHECK_THROWS_WITH(parse(ladder), Contains("deeper than 64"));
  // Every anchor keeps a copy of all that is within it.
  std::string nest = "[x]";
  for (int i = 0; i < 3000; ++i) nest += ",[x,x]";
  for (int i = 0; i < 50; ++i) {
    nest = "&n" + std::to_string(i) + " [" + nest + "]";
  }
  CHECK_THROWS_WITH(parse("name: " + nest), Contains("more than 100000"));
  // A long text is one value.
  std::string texts = "name: &long " + std::string(400'000, 'x') + "\nterms: [";
  for (int i = 0; i < 100; ++i) texts += "*long,";
  CHECK_THROWS_WITH(parse(texts + "]\n"), Contains("more than 16 MiB of text"));
}

TEST_CASE("config: an alias repeats its value") {
  const RunConfig config = parse("terms: [&t {name: a, weight: 3}, *t]\n");
  REQUIRE(config.terms.size() == 2);
  CHECK(config.terms[1].name == "a");
  CHECK(config.terms[1].weight == 3.0);
}

TEST_CASE("config: overrides set single fields, lists, elements and entries") {
  const RunConfig config = parse(
      "terms: [{name: a}, {name: b}]",
      {"optimizer.learning_rate=0.5", "phases=[grpo, eval]", "terms.0.weight=3",
       "terms[1].name=c", "name=", "name=x=y", "media_roots.a.b=/data"});
  CHECK(config.optimizer.learning_rate == 0.5);
  CHECK(config.phases == std::vector<std::string>{"grpo", "eval"});
  CHECK(config.terms[0].weight == 3.0);
  CHECK(config.terms[1].name == "c");
  CHECK(config.name == "x=y");
  CHECK(config.media_roots.at("a.b") == "/data");
}

TEST_CASE("config: a wrong override is repeated in the message") {
  CHECK_THROWS_WITH(parse("", {"optimizer.lerning_rate=1"}),
                    "override 'optimizer.lerning_rate=1': unknown key "
                    "'lerning_rate' in section optimizer; did you mean "
                    "'learning_rate'?");
  for (const char* text :
       {"name", "=x", "optimizer..fused=true", "terms.1.name=x",
        "terms.x.name=y", "name.first=x", "phases=grpo", "optimizer.fused=2",
        "terms=[", "optimizer.warmup_steps="}) {
    INFO(text);
    CHECK_THROWS_AS(parse("", {text}), ConfigError);
    CHECK_THROWS_WITH(parse("", {text}),
                      Contains("override '" + std::string(text) + "'"));
  }
}

TEST_CASE("config: validate() speaks with the file's name") {
  CHECK_THROWS_WITH(parse("optimizer: {learning_rate: 0}"),
                    "a.yaml:1: optimizer.learning_rate: must be above 0");
}

TEST_CASE("config: files are read; a missing one is a configuration error") {
  ScratchFolder folder;
  write_file_atomic(folder / "c.yaml", "name: from file\n");
  CHECK(read_config<RunConfig>(folder / "c.yaml").name == "from file");
  CHECK_THROWS_AS(read_config<RunConfig>(folder / "none.yaml"), ConfigError);
  CHECK_THROWS_AS(read_config<RunConfig>(folder.path()), ConfigError);
}

TEST_CASE("config: the dump reads back to the same values") {
  RunConfig config;
  config.name = "yes: \"no\" # \\ \n\t\x01 ü";
  config.phases = {"", "true", "007", "- a", "plain/word.x"};
  config.media_roots = {{"a b", "c"}, {"null", "~"}};
  config.optimizer.learning_rate = 0.1 + 0.2;
  config.optimizer.warmup_steps = INT64_MIN;
  config.terms = {TermConfig{"a", 1e-300}, TermConfig{"b", 3.0}};
  for (bool with_help : {false, true}) {
    const std::string text = dump_config(config, with_help);
    INFO(text);
    const RunConfig back = parse(text);
    CHECK(back.name == config.name);
    CHECK(back.phases == config.phases);
    CHECK(back.media_roots == config.media_roots);
    CHECK(back.optimizer.learning_rate == config.optimizer.learning_rate);
    CHECK(back.optimizer.warmup_steps == INT64_MIN);
    REQUIRE(back.terms.size() == 2);
    CHECK(back.terms[0].weight == 1e-300);
    CHECK(dump_config(back, with_help) == text);
  }
  config.terms.clear();
  CHECK(parse(dump_config(config)).terms.empty());
}

TEST_CASE("config: the dump shows values as a person would write them") {
  CHECK(dump_config(RunConfig{}) ==
        "name: run\nphases: [sft]\nmedia_roots: {}\noptimizer:\n"
        "  learning_rate: 2e-05\n  warmup_steps: 0\n  fused: true\nterms:\n"
        "  - name: old\n    weight: 9.0\n");
  CHECK_THAT(dump_config(RunConfig{}, true),
             Contains("  # peak rate, per step\n  learning_rate: 2e-05"));
}

TEST_CASE("config: the schema lists types, defaults and help") {
  RunConfig config;
  const auto schema =
      nlohmann::json::parse(json_schema(config_fields(config), "UME run"));
  CHECK(schema["additionalProperties"] == false);
  const auto& optimizer = schema["properties"]["optimizer"]["properties"];
  CHECK(optimizer["warmup_steps"]["type"] == "integer");
  CHECK(optimizer["learning_rate"]["default"] == 2e-5);
  CHECK(optimizer["learning_rate"]["description"] == "peak rate, per step");
  CHECK(
      schema["properties"]["terms"]["items"]["properties"]["name"]["default"] ==
      "format");
}

TEST_CASE("config: a value that cannot be meant is refused with its line") {
  const std::string text = "name: x\n\noptimizer:\n  learning_rate: -1\n";
  CHECK_THROWS_WITH(parse(text),
                    Equals("a.yaml:4: optimizer.learning_rate: must be above "
                           "0"));
  CHECK_THROWS_WITH(parse("name: x\n", {"optimizer.learning_rate=0"}),
                    Equals("override 'optimizer.learning_rate=0': "
                           "optimizer.learning_rate: must be above 0"));
  CHECK_THROWS_WITH(parse(text, {"name=y"}), StartsWith("a.yaml:4: "));
  const auto fails = [](const char* message, const char* yaml) {
    return [=] {
      validate_as([&] { throw ConfigError(message); }, "b.yaml", yaml);
    };
  };
  CHECK_THROWS_WITH(fails("terms[1].x: no", "terms:\n- {y: 1}\n- {y: 2}\n")(),
                    Equals("b.yaml:3: terms[1].x: no"));
  CHECK_THROWS_WITH(fails("phases: no", "name: x\n")(),
                    Equals("b.yaml: phases: no"));
  CHECK_THROWS_WITH(fails("[: a sentence", "name: x\n")(),
                    Equals("b.yaml: [: a sentence"));
}

namespace {

struct ListConfig {
  std::vector<double> clip = {0.5};
  void validate() const {}
};
template <class V>
void visit_fields(V& v, ListConfig& c) {
  v("clip", c.clip, "bounds");
}

}  // namespace

TEST_CASE(
    "config: lists of numbers are read and dumped, and are in the schema") {
  const auto config = parse_config<ListConfig>("clip: [-1, 2.5e-3]", "a.yaml");
  CHECK(config.clip == std::vector<double>{-1.0, 0.0025});
  CHECK(dump_config(config) == "clip: [-1.0, 0.0025]\n");
  CHECK(parse_config<ListConfig>(dump_config(config), "b").clip == config.clip);
  CHECK_THROWS_WITH(parse_config<ListConfig>("clip: [1, x]", "a.yaml"),
                    Contains("a.yaml:1: clip[1]: expected a number"));
  CHECK_THROWS_AS(parse_config<ListConfig>("clip: [.nan]", "a"), ConfigError);
  ListConfig fresh;
  CHECK_THAT(json_schema(config_fields(fresh), "t"), Contains("\"number\""));
}
