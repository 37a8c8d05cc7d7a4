#include "data/prepare/prompt_template.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "data/prepare/prepare_config.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;

const std::string kInstruction =
    "Represent the above input text, images, videos, or any combination of the "
    "three as embeddings. First output the thinking process in <think> "
    "</think> tags and then summarize the entire input in a word or sentence. "
    "Finally, use the <gen_emb> tag to represent the entire input.";

TEST_CASE("each template puts its own text around the record's") {
  using enum PromptTemplate;
  CHECK(user_text(kEvaluation, " a cat \n") ==
        "a cat\n<disc_emb>\n" + kInstruction);
  CHECK(user_text(kRlPublished, "a cat") ==
        "a cat \n<disc_emb>\n" + kInstruction);
  CHECK(user_text(kMinimal, " a cat ") == " a cat \n<disc_emb>\n");
  CHECK(user_text(kDemo, "a cat") ==
        "a cat\n<disc_emb>\n"
        "Represent the above input text, images, videos, or any combination of "
        "the three as embeddings. \n"
        "First output the thinking process in <think> </think> tags and then "
        "summarize the entire input in a word or sentence. \n"
        "Finally, use the <gen_emb> tag to represent the entire input.");
}

TEST_CASE("the evaluation template takes out place-holders, then strips") {
  using enum PromptTemplate;
  const auto own_text = [](std::string_view text) {
    const std::string whole = user_text(kEvaluation, text);
    return whole.substr(0, whole.find("\n<disc_emb>"));
  };
  CHECK(own_text("<|image_pad|> find a cat") == "find a cat");
  CHECK(own_text("<|video_pad|> \n<|image_pad|>") == "");
  CHECK(own_text("\t\xe3\x80\x80 a\xc2\xa0"
                 "b\xe2\x80\xa8\x1f\xc2\x85") ==
        "a\xc2\xa0"
        "b");
  CHECK(own_text("") == "");
  // A zero-width space is no white space to Python.
  CHECK(own_text("\xe2\x80\x8b") == "\xe2\x80\x8b");
}

TEST_CASE("an unknown template is refused with the known names") {
  CHECK_THROWS_AS(parse_prompt_template("eval"), ConfigError);
  CHECK_THROWS_WITH(parse_prompt_template("eval"),
                    Contains("'eval'") && Contains("rl_published"));
  CHECK(parse_prompt_template("demo") == PromptTemplate::kDemo);
}

TEST_CASE("prepare settings out of range are refused by their whole name") {
  const auto refuses = [](auto set, const char* name) {
    PrepareConfig config;
    set(config);
    CHECK_THROWS_WITH(config.validate(), Contains(name));
    CHECK_THROWS_AS(config.validate(), ConfigError);
  };
  PrepareConfig().validate();
  using C = PrepareConfig;
  refuses([](C& c) { c.prompt_template = "x"; },
          "data.template: expected evaluation");
  refuses([](C& c) { c.alpha = "black"; },
          "data.alpha: expected drop or white, found 'black'");
  refuses([](C& c) { c.text_only_blank_image = "yes"; }, "image28");
  refuses([](C& c) { c.resize_rule = ""; }, "resize_rule");
  refuses([](C& c) { c.max_media_tokens = 0; },
          "data.max_media_tokens: expected 1 or more, found 0");
  refuses([](C& c) { c.cache_bytes = -1; }, "cache_bytes");
  refuses([](C& c) { c.video_min_pixels = 9, c.video_max_pixels = 8; },
          "data.video_min_pixels: expected at most video_max_pixels, found 9");
  refuses([](C& c) { c.media_child.memory_bytes = 3; },
          "data.media_child.memory_bytes: expected 67108864 to "
          "1000000000000000, found 3");
  refuses([](C& c) { c.media_child.timeout_s = 0; },
          "data.media_child.timeout_s: expected 0.1 to 86400, found 0");
  C of_a_command;
  of_a_command.alpha = "";
  CHECK_THROWS_WITH(of_a_command.validate(""),
                    "alpha: expected drop or white, found nothing");
}

}  // namespace
}  // namespace ume
