#include "reward/terms/format_rule.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;

TEST_CASE("the published rule agrees with every recorded case") {
  const auto cases = read_fixture("parity/reward/format_cases.json");
  REQUIRE(cases.size() > 200);
  for (const auto& c : cases) {
    INFO(c.at("text").get<std::string>().substr(0, 200));
    CHECK(has_answer_format(c.at("text").get<std::string>()) ==
          (c.at("format_reward") == 1.0));
  }
}

TEST_CASE("the published rule agrees with the specification's examples") {
  std::ifstream in("tests/fixtures/spec_examples/format_reward_cases.jsonl");
  std::string line;
  int64_t count = 0;
  while (std::getline(in, line)) {
    const auto c = nlohmann::json::parse(line);
    INFO(line);
    CHECK(has_answer_format(c.at("completion").get<std::string>()) ==
          (c.at("format_reward") == 1.0));
    ++count;
  }
  CHECK(count == 8);
}

TEST_CASE("the strict rule wants one block, nothing around it, no tag twice") {
  CHECK(has_strict_answer_format("<think>a</think><answer>b<gen_emb>"));
  CHECK(has_strict_answer_format("<think></think><answer><gen_emb>"));
  CHECK(
      has_strict_answer_format("<think>\n3 < 4 <b></think><answer>é<gen_emb>"));
  const char* refused[] = {
      "",
      "<think>",
      " <think>a</think><answer>b<gen_emb>",
      "<think>a</think><answer>b<gen_emb> ",
      "<think>a</think><answer>b<gen_emb><gen_emb>",
      "<think>a</think> <answer>b<gen_emb>",
      "<think>a</think><answer>b",
      "<think>a<think>b</think><answer>c<gen_emb>",
      "<think>a</think></think><answer>c<gen_emb>",
      "<think>a</think><answer>b</think><answer>c<gen_emb>",
      "<think>a</think><answer>b</answer><gen_emb>",
      "<think>a</think><answer>b<answer>c<gen_emb>",
      "<think>a<gen_emb></think><answer>c<gen_emb>",
  };
  for (const char* text : refused) {
    INFO(text);
    CHECK_FALSE(has_strict_answer_format(text));
  }
}

TEST_CASE("both rules take any bytes and a million of them") {
  const auto repeat = [](const std::string& part, size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += part;
    return out;
  };
  const size_t million = 1 << 20;
  for (const char* part :
       {"<think>", "</think><answer>", "<", "<think", "\xff\xfe<\x80", "é"}) {
    const std::string text = repeat(part, million);
    CHECK_FALSE(has_answer_format(text));
    CHECK_FALSE(has_strict_answer_format(text));
    CHECK_FALSE(has_answer_format("<think>" + text));
    CHECK(has_answer_format("<think>" + text + "</think><answer>" + text +
                            "<gen_emb>"));
  }
  const std::string noise = repeat("\xff<\x80</", million);
  CHECK(has_strict_answer_format("<think>" + noise + "</think><answer>" +
                                 noise + "<gen_emb>"));
  const std::string zero("<think>\0</think><answer>\0<gen_emb>", 34);
  CHECK(has_strict_answer_format(zero));
}

TEST_CASE("a completion splits into reasoning and answer") {
  const auto parts = split_completion(
      "x<think> Austria currency\nEuro </think>\n<answer> Euro <gen_emb>");
  CHECK(parts.reasoning == "Austria currency\nEuro");
  CHECK(parts.answer == "Euro");
  CHECK(split_completion("<answer>only</answer><gen_emb>").answer == "only");
  CHECK(split_completion("<think>open <answer>a").reasoning.empty());
  CHECK(split_completion("<think>open <answer>a").answer == "a");
  CHECK(split_completion("<think>a</think>").answer.empty());
  CHECK(split_completion("").reasoning.empty());
}

TEST_CASE("careful reasoning writes its answer out") {
  CHECK(answer_in_reasoning(
      "<think> Austria currency Euro </think><answer> Euro <gen_emb>"));
  CHECK_FALSE(
      answer_in_reasoning("<think> currency </think><answer> Euro <gen_emb>"));
  CHECK_FALSE(answer_in_reasoning("<think>a</think><answer> <gen_emb>"));
  CHECK_FALSE(answer_in_reasoning("<answer>Euro<gen_emb>"));
  const std::string run(1 << 20, 'a');
  CHECK(answer_in_reasoning("<think>" + run + "</think><answer>aaaa<gen_emb>"));
  CHECK_FALSE(answer_in_reasoning("<think>" + run + "</think><answer>" + run));
}
