#include "reward/format_rule.h"

#include <cstddef>

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

// Removes everything before the first tag of any kind. No tag is a prefix of
// another and all are short, so that each '<' costs a constant.
void skip_body(std::string_view& text) {
  for (size_t i = text.find('<'); i != std::string_view::npos;
       i = text.find('<', i + 1)) {
    const std::string_view rest = text.substr(i);
    for (std::string_view tag :
         {kThink, kThinkEnd, kAnswer, kAnswerEnd, kGenEmb}) {
      if (rest.starts_with(tag)) {
        text = rest;
        return;
      }
    }
  }
  text = {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The rest after the first `tag`; empty without one.
std::string_view after(std::string_view text, std::string_view tag) {
  const size_t at = text.find(tag);
  return at == std::string_view::npos ? std::string_view()
                                      : text.substr(at + tag.size());
}

}  // namespace

bool has_answer_format(std::string_view text) {
  size_t from = 0;
  for (std::string_view tag : {kThink, kThinkEnd, kAnswer, kGenEmb}) {
    const size_t at = text.find(tag, from);
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
  const size_t end = rest.find(kThinkEnd);
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
