#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/tokenizer/chat_template.h"
#include "data/tokenizer/tokenizer.h"

namespace ume::internal {

// A piece of a rendered conversation: a control token or text.
struct RenderedPiece {
  int64_t control = -1;  // its id; -1: text
  std::string text;
};

// Cuts rendered conversations at control tokens. Immutable.
class ChatRenderer {
 public:
  ChatRenderer(ChatTemplate chat, const Tokenizer& tokenizer);

  // With ControlTokens::kAsText only the template's own control tokens count:
  // each message text is rendered as a stand-in and put back afterwards, so
  // that not even two neighbouring parts can form one.
  // Throws InvalidInput for a role that is not a plain word.
  std::vector<RenderedPiece> render(std::vector<ChatMessage> messages,
                                    ControlTokens text_control) const;

 private:
  std::vector<RenderedPiece> split(std::string_view rendered,
                                   const std::vector<std::string>& texts) const;

  ChatTemplate chat_;
  // The control token with which a text begins, if any.
  const std::pair<std::string, int64_t>* control_at(
      std::string_view text) const;

  // By their first byte, so that most bytes of a text are compared with none;
  // longest first.
  std::array<std::vector<std::pair<std::string, int64_t>>, 256> control_tokens_;
};

}  // namespace ume::internal
