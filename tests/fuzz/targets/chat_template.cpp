#include "data/tokenizer/chat_template.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

// The template, and after a NUL byte the text of one message.
void chat_template(Bytes input) {
  const std::string_view all = as_text(input);
  const size_t end = all.find('\0');
  const std::string source(all.substr(0, end));
  const std::string content(
      end == std::string_view::npos ? "hello" : all.substr(end + 1));
  const std::vector<ChatMessage> messages = {
      {"system", "You are a helpful assistant.", {}},
      {"user",
       "",
       {{ChatPartType::kImage, "a.png"},
        {ChatPartType::kVideo, "b"},
        {ChatPartType::kText, content}}},
      {"assistant", content, {}}};
  accepts([&] {
    const ChatTemplate parsed = ChatTemplate::parse(source, "input");
    for (const bool flag : {false, true}) {
      accepts([&] { parsed.render(messages, {flag, !flag}); });
    }
    accepts([&] { parsed.render({}, {}); });
  });
}

}  // namespace ume::fuzz
