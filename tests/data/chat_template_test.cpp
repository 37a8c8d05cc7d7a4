#include "data/tokenizer/chat_template.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error/error.h"
#include "data/tokenizer/tokenizer.h"

using namespace ume;
using Json = nlohmann::json;

namespace {

std::vector<ChatMessage> to_messages(const Json& list) {
  std::vector<ChatMessage> messages;
  for (const Json& entry : list) {
    ChatMessage message;
    message.role = entry["role"];
    if (entry["content"].is_string()) {
      message.text = entry["content"];
    } else {
      for (const Json& part : entry["content"]) {
        if (part["type"] == "image") {
          message.parts.push_back({ChatPartType::kImage, part["image"]});
        } else if (part["type"] == "video") {
          message.parts.push_back({ChatPartType::kVideo, part["video"]});
        } else {
          message.parts.push_back({ChatPartType::kText, part["text"]});
        }
      }
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

std::string render(const std::string& source,
                   const std::vector<ChatMessage>& messages = {}) {
  return ChatTemplate::parse(source, "t").render(messages);
}

std::string refusal(const std::string& source) {
  try {
    return "accepted: " + render(source);
  } catch (const InvalidInput& error) {
    return error.what();
  }
}

const std::vector<ChatMessage> kDialogue = {
    {"user", "Hi", {}},
    {"assistant",
     "",
     {{ChatPartType::kText, "Yo"}, {ChatPartType::kImage, "p"}}},
};

}  // namespace

TEST_CASE("ChatTemplate: renders the reference conversations, text and ids") {
  const std::string folder = "tests/fixtures/parity/tokenizer";
  const auto chat = ChatTemplate::load(folder);
  const auto tokenizer = Tokenizer::load(folder);
  std::ifstream file(folder + "/chat.jsonl");
  int rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    INFO("row " << rows);
    const Json row = Json::parse(line);
    const ChatOptions options{row["add_generation_prompt"],
                              row["add_vision_id"]};
    const auto text = chat.render(to_messages(row["messages"]), options);
    CHECK(text == row["rendered"]);
    CHECK(tokenizer.encode(text) == row["ids"].get<std::vector<int64_t>>());
  }
  CHECK(rows == 260);
}

TEST_CASE("ChatTemplate: the published layout with one line per block") {
  // Indented blocks leave no trace; {{ }} keeps the newline after it.
  const std::string source =
      "{%- set n = namespace(value=0) -%}\n"
      "{% for m in messages %}\n"
      "  {% if m.role == 'user' and m.content is string %}\n"
      "U:{{ m.content }}\n"
      "  {% elif m['content'] is not string %}\n"
      "    {% for c in m['content'] %}\n"
      "      {%- set n.value = n.value + 1 %}\n"
      "[{{ n.value ~ ':' ~ c['type'] }}]\n"
      "    {% endfor %}\n"
      "  {% else %}\n"
      "never\n"
      "  {% endif %}\n"
      "{% endfor %}\n"
      "{# a comment #}\n"
      "end\n";
  CHECK(render(source, kDialogue) == "U:Hi\n[1:text]\n[2:image]\nend");
}

TEST_CASE("ChatTemplate: white space is kept or dropped as Jinja does") {
  // Recorded with Jinja 3.1, trim_blocks and lstrip_blocks.
  CHECK(render("a \n  {%- if true -%}  b  {%- endif -%}  c") == "abc");
  CHECK(render("a\n  {% if true %}\n  b\n  {% endif %}\nc") == "a\n  b\nc");
  CHECK(render("a {% if true %} b {% endif %} c") == "a  b  c");
  CHECK(render("a\n  {%+ if true +%}\nb{% endif %}\n\n") == "a\n  \nb");
  CHECK(render("{{ 'a' }}\n{{ 'b' -}}\n c\n") == "a\nbc");
  CHECK(render("x\n  {# note #}\ny{{- 1 }}") == "x\ny1");
  CHECK(render("a\r\nb\rc") == "a\nb\nc");
}

TEST_CASE("ChatTemplate: operators have the values and precedences of Jinja") {
  CHECK(render("{{ 1 + 2 - 4 }}") == "-1");
  CHECK(render("{{ 'a' + 'b' ~ 1 ~ true ~ none }}") == "ab1TrueNone");
  CHECK(render("{{ not 1 == 2 and 2 < 3 or false }}") == "True");
  CHECK(render("{{ 'b' in 'abc' }}{{ 'x' not in 'abc' }}") == "TrueTrue");
  CHECK(render("{{ '' or 'x' }}{{ 0 and 'y' }}") == "x0");
  CHECK(render("{{ 1 == '1' }}{{ 1 != 2 }}{{ true == 1 }}") == "FalseTrueTrue");
  CHECK(render("{{ nothing is defined }}{{ tools is none }}") == "FalseTrue");
  CHECK(render("{{ nothing is not defined }}") == "True");
  CHECK(render("{{ 'it\\'s\\n' ~ \"\\\"\" }}") == "it's\n\"");
  CHECK(render("{{ messages[-1].role }}{{ messages[9] is undefined }}",
               kDialogue) == "assistantTrue");
  CHECK(render("{{ 'image' in messages[1].content[1] }}", kDialogue) == "True");
  CHECK(render("{{ messages[0].missing }}", kDialogue).empty());
}

TEST_CASE("ChatTemplate: a loop knows its position and keeps its names") {
  CHECK(render("{% for m in messages %}{{ loop.index0 }}{{ loop.index }}"
               "{{ loop.length }}{{ loop.first }}{{ loop.last }} {% endfor %}",
               kDialogue) == "012TrueFalse 122FalseTrue ");
  // `set` inside a loop is forgotten at its end; a namespace is not.
  CHECK(render("{% set x = 1 %}{% set n = namespace(x=1) %}"
               "{% for m in messages %}{% set x = x + 1 %}"
               "{% set n.x = n.x + 1 %}{% endfor %}{{ x }}{{ n.x }}",
               kDialogue) == "13");
}

TEST_CASE("ChatTemplate: what it does not know is named with its position") {
  const auto refused = [](const std::string& source,
                          const std::string& message) {
    INFO(source);
    CHECK_THAT(refusal(source), Catch::Contains(message));
  };
  refused("a\n {{ 'x' | trim }}",
          "t, line 2, column 11: filter 'trim' is not supported");
  refused("{% macro f() %}{% endmacro %}",
          "t, line 1, column 4: statement 'macro' is not supported");
  refused("{% generation %}", "statement 'generation' is not supported");
  refused("{{ raise_exception('x') }}",
          "a call of 'raise_exception' is not supported");
  refused("{{ messages.append(1) }}", "a call of 'append' is not supported");
  refused("{{ messages[1:] }}", "a slice is not supported");
  refused("{{ [1] }}", "a list is not supported");
  refused("{{ {'a': 1} }}", "'{' is not supported");
  refused("{{ 1.5 }}", "decimal numbers are not supported");
  refused("{{ 2 * 3 }}", "'*' is not supported");
  refused("{{ 1 if 2 else 3 }}", "'if' in an expression is not supported");
  refused("{{ 1 < 2 < 3 }}", "a chained comparison is not supported");
  refused("{{ 1 is odd }}", "test 'odd' is not supported");
  refused("{{ bos_token }}", "'bos_token' is not known");
  refused("{% for a, b in messages %}{% endfor %}", "several names");
  refused("{% for a in messages if a %}{% endfor %}", "'if' in an expression");
  refused("{% for a in messages %}{% else %}{% endfor %}", "'else' of 'for'");
  refused("{% set a, b = 1 %}", "'set' of several names");
  refused("{% set a %}x{% endset %}", "'set' of a block");
  refused("{% set messages.x = 1 %}", "'messages' is not a namespace");
  refused("{% set n = namespace(a=1) %}{% set n.b = n %}",
          "a namespace inside a namespace");
  refused("{% for a in 'abc' %}{% endfor %}", "'for' over a string");
  refused("{{ messages }}", "printing a list is not supported");
  refused("{{ 1 + 'a' }}", "'+' between an integer and a string");
  refused("{{ messages.role }}", "a string as a subscript of a list");
  refused("{{ '\\x41' }}", "escape '\\x' is not supported");
}

TEST_CASE("ChatTemplate: malformed templates are refused") {
  for (const std::string source :
       {"{{", "{{ 'a", "{% if", "{% if true %}", "{% for m in messages %}a",
        "{% endif %}", "{# open", "{{ }}", "{{ a b }}", "{{ 'a' }", "{% %}",
        "{{ ( 1 }}", "{{ namespace(1) }}", "{% if true %}{% else %}{% elif %}",
        "{{ 9223372036854775808 }}", "{{ 1a }}", "{% set 1 = 2 %}"}) {
    INFO(source);
    CHECK_THROWS_AS(render(source), InvalidInput);
  }
  CHECK_THAT(refusal("{{ 9223372036854775807 + 1 }}"),
             Catch::Contains("too large"));
}

TEST_CASE("ChatTemplate: output, work, depth and size are bounded") {
  std::string doubling = "{% set s = 'xxxxxxxxxxxxxxxx' %}";
  for (int i = 0; i < 40; ++i) doubling += "{% set s = s ~ s %}";
  CHECK_THAT(refusal(doubling), Catch::Contains("too much work"));

  // A text may be handled some times over, however long it is.
  const std::string copies =
      "{% for m in messages %}{% set s = m.content ~ "
      "m.content %}{{ s }}{% endfor %}";
  CHECK(render(copies, {{"user", std::string(20 << 20, 'x'), {}}}).size() ==
        40 << 20);

  const std::vector<ChatMessage> many(300, {"user", "x", {}});
  std::string nested = "{{ 1 }}";
  for (int i = 0; i < 8; ++i) {
    nested = "{% for a in messages %}" + nested + "{% endfor %}";
  }
  CHECK_THROWS_WITH(render(nested, many), Catch::Contains("too much work"));

  const auto repeat = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  CHECK_THAT(
      refusal("{{ " + repeat("(", 1000) + "1" + repeat(")", 1000) + " }}"),
      Catch::Contains("nested more than"));
  CHECK_THAT(refusal("{{ " + repeat("not ", 1000) + "1 }}"),
             Catch::Contains("nested more than"));
  CHECK_THAT(refusal("{{ 1" + repeat("+1", 20000) + " }}"),
             Catch::Contains("too long"));
  CHECK_THAT(refusal("{{ messages" + repeat("[0]", 20000) + " }}"),
             Catch::Contains("too long"));
  CHECK_THAT(refusal(repeat("{% if true %}", 1000)),
             Catch::Contains("nested more than"));
  CHECK_THROWS_AS(render(std::string(300 << 10, 'x')), InvalidInput);
  CHECK_THROWS_WITH(render("{% for m in messages %}{{ m.content }}{% endfor %}",
                           std::vector<ChatMessage>(
                               9, {"user", std::string(8 << 20, 'x'), {}})),
                    Catch::Contains("the output is longer"));
}

TEST_CASE("ChatTemplate: is found in each of the files that may hold it") {
  const auto folder =
      std::filesystem::temp_directory_path() / "ume_chat_template_test";
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
  };
  CHECK_THROWS_WITH(ChatTemplate::load(folder),
                    Catch::Contains("tokenizer_config.json: cannot open"));
  write("tokenizer_config.json", "{}");
  CHECK_THROWS_WITH(ChatTemplate::load(folder),
                    Catch::Contains("chat_template: missing"));
  write("tokenizer_config.json", R"({"chat_template": 3})");
  CHECK_THROWS_WITH(ChatTemplate::load(folder), Catch::Contains("found 3"));
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "rag", "template": "no"},
                              {"name": "default", "template": "list"}]})");
  CHECK(ChatTemplate::load(folder).render({}) == "list");
  write("chat_template.json", R"({"chat_template": "json"})");
  CHECK(ChatTemplate::load(folder).render({}) == "json");
  write("chat_template.jinja", "jinja\n");
  CHECK(ChatTemplate::load(folder).render({}) == "jinja");
  std::filesystem::remove_all(folder);
}
