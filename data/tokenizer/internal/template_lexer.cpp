#include "data/tokenizer/internal/template_lexer.h"

#include <charconv>

#include "common/error/error.h"

namespace ume {
namespace {

using Type = TemplateTokenType;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' ||
         c == '\f';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         is_digit(c);
}

class Lexer {
 public:
  Lexer(std::string_view source, const std::string& name)
      : source_(source), name_(name) {}

  std::vector<TemplateToken> run() {
    while (at_ < source_.size()) {
      const size_t open = find_open();
      lex_text(open);
      if (at_ < source_.size()) lex_tag();
    }
    push(Type::kEnd, at_, "the end of the template");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(size_t offset, const std::string& what) const {
    throw InvalidInput(template_position(name_, source_, offset) + ": " + what);
  }

  void push(Type type, size_t offset, std::string text, int64_t integer = 0) {
    tokens_.push_back({type, std::move(text), integer, offset});
  }

  char peek(size_t distance = 0) const {
    return at_ + distance < source_.size() ? source_[at_ + distance] : '\0';
  }

  // The next {{, {% or {#, or the end.
  size_t find_open() const {
    for (size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] != '{') continue;
      const char kind = source_[i + 1];
      if (kind == '{' || kind == '%' || kind == '#') return i;
    }
    return source_.size();
  }

  // The text up to the tag at `open`, without the white space that the tags
  // on its two sides take.
  void lex_text(size_t open) {
    std::string_view text = source_.substr(at_, open - at_);
    const size_t begin = at_;
    at_ = open;
    if (open < source_.size()) {
      const char control = peek(2);
      if (control == '-') {
        while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
      } else if (peek(1) != '{' && control != '+') {
        drop_indentation(text, begin);
      }
    } else if (text.ends_with('\n')) {
      text.remove_suffix(1);
    }
    if (strip_next_) {
      while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    } else if (trim_next_ && text.starts_with('\n')) {
      text.remove_prefix(1);
    }
    strip_next_ = trim_next_ = false;
    if (!text.empty()) push(Type::kText, begin, std::string(text));
  }

  // lstrip_blocks: blanks between the line's start and a block tag go.
  void drop_indentation(std::string_view& text, size_t begin) const {
    const size_t newline = text.rfind('\n');
    const bool at_line_start = newline != std::string_view::npos ||
                               begin == 0 || source_[begin - 1] == '\n';
    if (!at_line_start) return;
    const size_t keep = newline == std::string_view::npos ? 0 : newline + 1;
    for (const char c : text.substr(keep)) {
      if (!is_space(c)) return;
    }
    text = text.substr(0, keep);
  }

  void lex_tag() {
    const size_t begin = at_;
    const char kind = peek(1);
    at_ += 2;
    if (peek() == '-' || (peek() == '+' && kind != '{')) ++at_;
    if (kind == '#') {
      const size_t end = source_.find("#}", at_);
      if (end == std::string_view::npos) fail(begin, "'{#' is not closed");
      strip_next_ = end > at_ && source_[end - 1] == '-';
      trim_next_ = !(end > at_ && source_[end - 1] == '+');
      at_ = end + 2;
      return;
    }
    const bool is_block = kind == '%';
    push(is_block ? Type::kBlockBegin : Type::kOutputBegin, begin,
         is_block ? "{%" : "{{");
    while (!lex_close(is_block)) lex_inside(begin);
  }

  // Takes %} or }} with its white-space control, if it is here.
  bool lex_close(bool is_block) {
    while (at_ < source_.size() && is_space(peek())) ++at_;
    const size_t begin = at_;
    const char control = peek();
    const size_t skip = control == '-' || (control == '+' && is_block) ? 1 : 0;
    const std::string_view close = is_block ? "%}" : "}}";
    if (source_.substr(std::min(at_ + skip, source_.size()), 2) != close) {
      return false;
    }
    strip_next_ = skip == 1 && control == '-';
    trim_next_ = is_block && skip == 0;
    at_ += skip + 2;
    push(is_block ? Type::kBlockEnd : Type::kOutputEnd, begin,
         std::string(close));
    return true;
  }

  void lex_inside(size_t tag_begin) {
    if (at_ >= source_.size()) {
      fail(tag_begin, "the tag that begins here is not closed");
    }
    const size_t begin = at_;
    const char c = peek();
    if (c == '\'' || c == '"') return lex_string();
    if (is_digit(c)) return lex_integer();
    if (is_name_char(c)) {
      while (is_name_char(peek())) ++at_;
      push(Type::kName, begin, std::string(source_.substr(begin, at_ - begin)));
      return;
    }
    for (const std::string_view op :
         {"==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "~", ".", ",", "(",
          ")", "[", "]", "|", ":"}) {
      if (source_.substr(at_).starts_with(op)) {
        at_ += op.size();
        push(Type::kOperator, begin, std::string(op));
        return;
      }
    }
    fail(begin, "'" + std::string(1, c) + "' is not supported");
  }

  void lex_integer() {
    const size_t begin = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      fail(begin, "decimal numbers are not supported");
    }
    int64_t value = 0;
    const auto [end, error] = std::from_chars(
        &source_[begin], &source_[begin] + (at_ - begin), value);
    if (error != std::errc() || is_name_char(peek())) {
      fail(begin, "not a number");
    }
    push(Type::kInteger, begin, std::string(source_.substr(begin, at_ - begin)),
         value);
  }

  void lex_string() {
    const size_t begin = at_;
    const char quote = source_[at_++];
    std::string text;
    while (at_ < source_.size() && peek() != quote) {
      const char c = source_[at_++];
      text += c == '\\' ? escaped() : c;
    }
    if (at_ >= source_.size()) fail(begin, "the string is not closed");
    ++at_;
    push(Type::kString, begin, std::move(text));
  }

  char escaped() {
    const char c = peek();
    ++at_;
    switch (c) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case '\\':
      case '\'':
      case '"':
        return c;
      default:
        fail(at_ - 2, std::string("escape '\\") + c + "' is not supported");
    }
  }

  std::string_view source_;
  const std::string& name_;
  size_t at_ = 0;
  bool strip_next_ = false;  // the last tag ended in -%}
  bool trim_next_ = false;   // the last tag takes one newline (trim_blocks)
  std::vector<TemplateToken> tokens_;
};

}  // namespace

std::string template_position(const std::string& name,
                              std::string_view source,
                              size_t offset) {
  size_t line = 1;
  size_t line_begin = 0;
  for (size_t i = 0; i < offset && i < source.size(); ++i) {
    if (source[i] != '\n') continue;
    ++line;
    line_begin = i + 1;
  }
  return name + ", line " + std::to_string(line) + ", column " +
         std::to_string(offset - line_begin + 1);
}

std::vector<TemplateToken> lex_template(std::string_view source,
                                        const std::string& name) {
  return Lexer(source, name).run();
}

}  // namespace ume
