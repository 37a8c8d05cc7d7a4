#include "data/prepare/internal/rendered_chat.h"

#include <algorithm>
#include <charconv>

#include "common/error/error.h"

namespace ume::internal {
namespace {

// Encloses the number of a stand-in; no template prints it, and roles are
// checked.
constexpr char kMark = '\x1a';

void check_role(const std::string& role) {
  const bool plain =
      !role.empty() && std::all_of(role.begin(), role.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || c == '_';
      });
  if (!plain) {
    throw InvalidInput("message with the role '" + role +
                       "'; expected system, user or assistant");
  }
}

// Moves the text to `texts` and leaves a stand-in; templates may test for
// emptiness, so empty text stays.
void stand_in(std::string& text, std::vector<std::string>& texts) {
  if (text.empty()) return;
  std::string mark = kMark + std::to_string(texts.size()) + kMark;
  texts.push_back(std::exchange(text, std::move(mark)));
}

}  // namespace

ChatRenderer::ChatRenderer(ChatTemplate chat, const Tokenizer& tokenizer)
    : chat_(std::move(chat)) {
  for (int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    if (!tokenizer.is_special(id) || bytes.empty()) continue;
    control_tokens_[static_cast<uint8_t>(bytes[0])].emplace_back(bytes, id);
  }
  for (auto& tokens : control_tokens_) {
    std::stable_sort(tokens.begin(), tokens.end(),
                     [](const auto& a, const auto& b) {
                       return a.first.size() > b.first.size();
                     });
  }
}

const std::pair<std::string, int64_t>* ChatRenderer::control_at(
    std::string_view text) const {
  for (const auto& token : control_tokens_[static_cast<uint8_t>(text[0])]) {
    if (text.starts_with(token.first)) return &token;
  }
  return nullptr;
}

std::vector<RenderedPiece> ChatRenderer::render(
    std::vector<ChatMessage> messages, ControlTokens text_control) const {
  std::vector<std::string> texts;
  for (ChatMessage& message : messages) {
    check_role(message.role);
    if (text_control == ControlTokens::kRecognise) continue;
    stand_in(message.text, texts);
    for (ChatPart& part : message.parts) stand_in(part.text, texts);
  }
  return split(chat_.render(messages), texts);
}

std::vector<RenderedPiece> ChatRenderer::split(
    std::string_view rendered, const std::vector<std::string>& texts) const {
  std::vector<RenderedPiece> pieces;
  const auto text_piece = [&]() -> std::string& {
    if (pieces.empty() || pieces.back().control >= 0) pieces.push_back({});
    return pieces.back().text;
  };
  while (!rendered.empty()) {
    const auto* control = control_at(rendered);
    size_t used = 1;
    if (control != nullptr) {
      pieces.push_back({control->second, ""});
      used = control->first.size();
    } else if (rendered[0] == kMark && !texts.empty()) {
      const size_t end = rendered.find(kMark, 1);
      size_t index = texts.size();
      if (end != rendered.npos) {
        std::from_chars(rendered.data() + 1, rendered.data() + end, index);
      }
      if (index >= texts.size()) {
        throw InvalidInput("the chat template does not print text unchanged");
      }
      text_piece() += texts[index];
      used = end + 1;
    } else {
      text_piece() += rendered[0];
    }
    rendered.remove_prefix(used);
  }
  return pieces;
}

}  // namespace ume::internal
