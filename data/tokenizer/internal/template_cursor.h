#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/error/error.h"
#include "data/tokenizer/internal/template_lexer.h"

namespace ume {

// The tokens of a template and where the parser is among them.
class TemplateCursor {
 protected:
  TemplateCursor(std::string_view source, const std::string& name)
      : source_(source), name_(name), tokens_(lex_template(source, name)) {}

  // Counts the depth of the recursion, which the source decides.
  struct Nested {
    explicit Nested(TemplateCursor& owner) : cursor(owner) {
      if (++cursor.depth_ > kMaxDepth) {
        cursor.fail(cursor.token().offset,
                    "nested more than " + std::to_string(kMaxDepth) + " deep");
      }
    }
    ~Nested() { --cursor.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    TemplateCursor& cursor;
  };

  [[noreturn]] void fail(size_t offset, const std::string& what) const {
    throw InvalidInput(template_position(name_, source_, offset) + ": " + what);
  }
  [[noreturn]] void unexpected(const std::string& expected) const {
    fail(token().offset,
         "expected " + expected + ", found '" + token().text + "'");
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    fail(token().offset, what + " is not supported");
  }

  const TemplateToken& token() const { return tokens_[at_]; }
  // The one after; the last token stands for all that follow.
  const TemplateToken& next_token() const {
    return tokens_[std::min(at_ + 1, tokens_.size() - 1)];
  }
  void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }

  bool is_operator(std::string_view text) const {
    return token().type == TemplateTokenType::kOperator && token().text == text;
  }
  bool is_keyword(std::string_view text) const {
    return token().type == TemplateTokenType::kName && token().text == text;
  }
  bool accept_operator(std::string_view text) {
    if (!is_operator(text)) return false;
    advance();
    return true;
  }
  bool accept_keyword(std::string_view text) {
    if (!is_keyword(text)) return false;
    advance();
    return true;
  }
  void expect_operator(std::string_view text) {
    if (!accept_operator(text)) unexpected("'" + std::string(text) + "'");
  }
  void expect_keyword(std::string_view text) {
    if (!accept_keyword(text)) unexpected("'" + std::string(text) + "'");
  }
  void expect(TemplateTokenType type, const std::string& what) {
    if (token().type != type) unexpected(what);
    advance();
  }
  std::string expect_name(const std::string& what) {
    if (token().type != TemplateTokenType::kName) unexpected(what);
    std::string text = token().text;
    advance();
    return text;
  }

 private:
  static constexpr int kMaxDepth = 64;

  std::string_view source_;
  const std::string& name_;
  std::vector<TemplateToken> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace ume
