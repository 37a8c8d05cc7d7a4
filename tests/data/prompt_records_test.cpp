#include "data/records/prompt_records.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "common/error/error.h"

using namespace ume;

namespace {

std::string refusal(const std::string& json) {
  try {
    parse_prompt(json, "F, line 4");
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("parse_prompt: text, pictures and frames") {
  const auto text = parse_prompt(R"({"id": "a", "text": "hi"})", "F");
  CHECK(text.id == "\"a\"");
  CHECK_FALSE(text.is_conversation);
  CHECK(text.record == PromptRecord{"hi", {}, {}, 2.0});

  const auto images = parse_prompt(R"({"id": 7, "images": ["a.png", "b.png"]})",
                                   "F", {"pictures", false});
  CHECK(images.id == "7");
  CHECK(
      images.record ==
      PromptRecord{
          "", {{"pictures", "a.png", ""}, {"pictures", "b.png", ""}}, {}, 2.0});

  const auto file = parse_prompt(R"({"video": "clip.mp4", "fps": 1})", "F");
  CHECK(file.record.frames == std::vector<MediaRef>{{".", "clip.mp4", ""}});
  CHECK(file.record.fps == 1.0);
  const auto video =
      parse_prompt(R"({"text": "v", "video": ["f1", "f2"], "fps": 4})", "F");
  CHECK(video.id == "null");
  CHECK(video.record ==
        PromptRecord{"v", {}, {{".", "f1", ""}, {".", "f2", ""}}, 4.0});
  // Members of other programs are none of our business.
  CHECK(refusal(R"({"text": "x", "label": 3, "completion": "y"})") ==
        "accepted");
}

TEST_CASE("parse_prompt: an id comes back as it was") {
  for (const std::string id :
       {"0", "-9223372036854775808", "18446744073709551615", "1.5", "-0.25",
        R"("18446744073709551616")", R"("")", "null"}) {
    INFO(id);
    CHECK(parse_prompt(R"({"text": "x", "id": )" + id + "}", "F").id == id);
  }
}

TEST_CASE("parse_prompt: a conversation keeps its media in order") {
  const auto input = parse_prompt(
      R"({"id": "c", "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [
          {"type": "image", "image": "1.png"},
          {"type": "text", "text": "and"},
          {"type": "video", "video": ["f1", "f2"], "fps": 1},
          {"type": "image", "image": "2.png"}]}]})",
      "F");
  CHECK(input.is_conversation);
  REQUIRE(input.messages.size() == 2);
  CHECK(input.messages[0] == ChatMessage{"system", "be brief", {}});
  CHECK(input.messages[1].parts ==
        std::vector<ChatPart>{{ChatPartType::kImage, "1.png"},
                              {ChatPartType::kText, "and"},
                              {ChatPartType::kVideo, "f1"},
                              {ChatPartType::kImage, "2.png"}});
  CHECK(input.media.images ==
        std::vector<MediaRef>{{".", "1.png", ""}, {".", "2.png", ""}});
  REQUIRE(input.media.videos.size() == 1);
  CHECK(input.media.videos[0].frames.size() == 2);
  CHECK(input.media.videos[0].fps == 1.0);
}

TEST_CASE("parse_prompt: absolute paths count only where they are allowed") {
  const std::string json = R"({"images": ["/a.png", "b.png"]})";
  const auto allowed = parse_prompt(json, "F", {".", true});
  CHECK(allowed.record.images ==
        std::vector<MediaRef>{{"", "/a.png", ""}, {".", "b.png", ""}});
  const auto refused = parse_prompt(json, "F");
  CHECK(refused.record.images[0].root == ".");
}

TEST_CASE("parse_prompt: names what is wrong") {
  const auto refused = [](const std::string& json, const std::string& why) {
    INFO(json);
    CHECK_THAT(refusal(json),
               Catch::StartsWith("F, line 4: ") && Catch::Contains(why));
  };
  refused("{", "not valid JSON");
  refused("[]", "expected an object, found a list");
  refused("{}", "text: missing");
  refused(R"({"text": 3})", "text: expected a text, found 3");
  refused(R"({"text": "x", "image": "a.png"})",
          "unknown member \"image\"; did you mean \"images\"?");
  refused(R"({"text": "x", "id": [1]})", "id: expected a text or a number");
  refused(R"({"text": "x", "id": true})",
          "id: expected a text or a number, found true");
  for (const char* id : {"18446744073709551616", "-9223372036854775809",
                         "123456789012345678901234567890", "1e300"}) {
    refused(R"({"text": "x", "id": )" + std::string(id) + "}",
            "id: expected a number that keeps its digits");
  }
  refused(R"({"text": "x", "id": 1e999})", "");
  refused(R"({"text": "x", "video": ["f"], "fps": 0})", "fps: expected more");
  refused(R"({"text": "x", "video": ["f"], "fps": "2"})",
          "fps: expected a number");
  refused(R"({"text": "x", "video": ["f"], "fps": 1e999})", "");
  refused(R"({"text": "x", "fps": 2})", "fps: there is no video");
  refused(R"({"images": ["a"], "video": ["f"]})", "either images or a video");
  refused(R"({"images": [3]})", "images: expected texts, found 3");
  refused(R"({"messages": []})", "messages: the list is empty");
  refused(R"({"messages": [], "text": "x"})", "text: a record with 'messages'");
  refused(R"({"messages": [3]})", "messages[0]: expected an object");
  refused(R"({"messages": [{"role": "tool", "content": "x"}]})",
          "messages[0].role: expected system, user or assistant");
  refused(R"({"messages": [{"role": "user"}]})",
          "messages[0].content: missing");
  refused(R"({"messages": [{"role": "user", "content": []}]})",
          "messages[0].content: the list is empty");
  const auto part = [&](const std::string& json, const std::string& why) {
    refused(R"({"messages": [{"role": "user", "content": [)" + json + "]}]}",
            "messages[0].content[0]" + why);
  };
  part("3", ": expected an object");
  part(R"({"type": "audio"})", ".type: expected text, image or video");
  part(R"({"type": "text"})", ".text: missing");
  part(R"({"type": "image"})", ".image: expected one path");
  part(R"({"type": "image", "image": ["a", "b"]})", ".image: expected one");
  part(R"({"type": "video", "video": []})", ".video: there are no frames");
}

TEST_CASE("parse_prompt: members without number are refused, not compared") {
  std::string members = R"({"text": "a")";
  for (int i = 0; i < 999; ++i) members += ", \"" + std::to_string(i) + "\":0";
  CHECK(parse_prompt(members + "}", "F").record.text == "a");
  CHECK_THAT(refusal(members + ", \"x\": 0}"),
             Catch::Contains("1001 members; at most 1000"));
}

TEST_CASE("PromptReader: goes on after a bad line and numbers the lines") {
  std::istringstream stream("{\"text\": \"a\"}\r\n\n{\n" +
                            std::string((16 << 20) + 5, 'x') +
                            "\n   \n{\"text\": \"b\"}");
  PromptReader reader(stream, "F");
  const auto first = reader.next();
  REQUIRE(first);
  CHECK(first->line == 1);
  CHECK(first->input->record.text == "a");
  const auto second = reader.next();
  REQUIRE(second);
  CHECK(second->line == 3);
  CHECK_FALSE(second->input);
  CHECK_THAT(second->error, Catch::StartsWith("F, line 3: not valid JSON"));
  const auto third = reader.next();
  REQUIRE(third);
  CHECK_THAT(third->error, Catch::Contains("F, line 4: more than 16777216"));
  const auto fourth = reader.next();
  REQUIRE(fourth);
  CHECK(fourth->line == 6);
  CHECK(fourth->input->record.text == "b");
  CHECK_FALSE(reader.next());
}

TEST_CASE("PromptReader: an empty stream has no lines") {
  std::istringstream stream("");
  CHECK_FALSE(PromptReader(stream, "F").next());
}

TEST_CASE("PromptReader: a line as long as its buffer is read whole") {
  for (const size_t size : {65510u, 65520u, 65534u, 65535u, 65536u, 131070u}) {
    const std::string text(size - 12, 'x');
    std::istringstream stream("{\"text\": \"" + text +
                              "\"}\n{\"text\": \"\"}\n");
    PromptReader reader(stream, "F");
    CHECK(reader.next()->input->record.text == text);
    CHECK(reader.next()->line == 2);
    CHECK_FALSE(reader.next());
  }
}
