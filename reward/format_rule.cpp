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

}  // namespace ume
