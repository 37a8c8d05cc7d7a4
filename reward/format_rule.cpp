#include "reward/format_rule.h"

#include <cstddef>
#include <cstring>

namespace ume {
namespace {

constexpr std::string_view kThink = "<think>";
constexpr std::string_view kThinkEnd = "</think>";
constexpr std::string_view kAnswer = "<answer>";
constexpr std::string_view kAnswerEnd = "</answer>";
constexpr std::string_view kGenEmb = "<gen_emb>";

// Removes `tag` from the front of `text`; false when it is not there.
bool take(std::string_view& text, std::string_view tag) {
  if (!text.starts_with(tag)) return false;
  text.remove_prefix(tag.size());
  return true;
}

// text: begins with '<'. Its next byte leaves one tag or two to compare.
bool starts_with_tag(std::string_view text) {
  switch (text.size() > 1 ? text[1] : '\0') {
    case 't':
      return text.starts_with(kThink);
    case 'a':
      return text.starts_with(kAnswer);
    case 'g':
      return text.starts_with(kGenEmb);
    case '/':
      return text.starts_with(kThinkEnd) || text.starts_with(kAnswerEnd);
    default:
      return false;
  }
}

// Removes everything before the first tag of any kind.
void skip_body(std::string_view& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' && starts_with_tag(text.substr(i))) {
      text = text.substr(i);
      return;
    }
  }
  text = {};
}

// Like text.find(tag, from), which takes a call for each '<' of a long run: the
// first '<' alone is looked for by itself, far faster than memmem gets there,
// and is mostly the tag's own.
size_t find_tag(std::string_view text, std::string_view tag, size_t from = 0) {
  if (from >= text.size()) return std::string_view::npos;
  const size_t first = text.find('<', from);
  if (first == std::string_view::npos) return first;
  if (text.substr(first).starts_with(tag)) return first;
  const void* at =
      memmem(text.data() + first, text.size() - first, tag.data(), tag.size());
  return at == nullptr
             ? std::string_view::npos
             : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The rest after the first `tag`; empty without one.
std::string_view after(std::string_view text, std::string_view tag) {
  const size_t at = find_tag(text, tag);
  return at == std::string_view::npos ? std::string_view()
                                      : text.substr(at + tag.size());
}

}  // namespace

bool has_answer_format(std::string_view text) {
  size_t from = 0;
  for (std::string_view tag : {kThink, kThinkEnd, kAnswer, kGenEmb}) {
    const size_t at = find_tag(text, tag, from);
    if (at == std::string_view::npos) return false;
    from = at + tag.size();
  }
  return true;
}

bool has_strict_answer_format(std::string_view text) {
  if (!take(text, kThink)) return false;
  skip_body(text);
  if (!take(text, kThinkEnd) || !take(text, kAnswer)) return false;
  skip_body(text);
  return take(text, kGenEmb) && text.empty();
}

CompletionParts split_completion(std::string_view text) {
  CompletionParts parts;
  std::string_view rest = after(text, kThink);
  const size_t end = find_tag(rest, kThinkEnd);
  if (end != std::string_view::npos) {
    parts.reasoning = trimmed(rest.substr(0, end));
    rest = rest.substr(end + kThinkEnd.size());
  } else {
    rest = text;
  }
  std::string_view answer = after(rest, kAnswer);
  std::string_view tail = answer;
  skip_body(tail);
  parts.answer = trimmed(answer.substr(0, answer.size() - tail.size()));
  return parts;
}

bool answer_in_reasoning(std::string_view text) {
  constexpr size_t kMaxAnswer = 256;
  const CompletionParts parts = split_completion(text);
  return !parts.answer.empty() && parts.answer.size() <= kMaxAnswer &&
         parts.reasoning.find(parts.answer) != std::string_view::npos;
}

}  // namespace ume
