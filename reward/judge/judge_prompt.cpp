#include "reward/judge/judge_prompt.h"

#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "common/text/utf8.h"
#include "reward/format_rule.h"

namespace ume {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownBytes = 120;
constexpr size_t kShownError = 500;  // bytes; it may quote the response
constexpr int64_t kMaxAnswerTokens = 64;

std::string shown(const std::string& text) {
  if (text.size() <= kShownBytes) return "'" + replace_invalid_utf8(text) + "'";
  return "'" + replace_invalid_utf8(text.substr(0, kShownBytes)) + "…'";
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

template <class List>
std::string entry(const List& list, int64_t index) {
  return list.empty() ? "" : list[static_cast<size_t>(index)];
}

// The first choice's message. Throws InvalidInput.
Json message_of(const std::string& response) {
  const Json json = parse_json(response, "the judge's response");
  const Json::json_pointer place("/choices/0/message");
  if (!json.is_object() || !json.contains(place) ||
      !json.at(place).is_object()) {
    throw InvalidInput("the judge's response has no choices[0].message");
  }
  return json.at(place);
}

// What the judge wrote. Throws InvalidInput.
std::string content_of(const Json& message) {
  const auto at = message.find("content");
  if (at == message.end() || !at->is_string()) {
    throw InvalidInput("the judge's message has no text in `content`");
  }
  return trimmed(at->get<std::string>());
}

bool plain_number(const std::string& text, double& value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stopped == end;
}

// Throws InvalidInput.
double number_in(const std::string& content) {
  double value = 0.0;
  if (plain_number(content, value)) return value;
  if (content.starts_with('{')) {
    const Json json = parse_json(content, "the judge's answer");
    const auto at = json.find("score");
    if (at != json.end() && at->is_number()) return at->get<double>();
  }
  throw InvalidInput("expected a number or {\"score\": number}, found " +
                     shown(content));
}

}  // namespace

std::string judge_prompt(const std::string& text,
                         const Cohort& cohort,
                         Side side,
                         int64_t row) {
  const bool query = side == Side::kQuery;
  const CohortSide& own = query ? cohort.query : cohort.target;
  const CohortSide& other = query ? cohort.target : cohort.query;
  const int64_t pair = row / cohort.group_size;
  const std::string& completion = own.completions[static_cast<size_t>(row)];
  const CompletionParts parts = split_completion(completion);
  const std::map<std::string, std::string> values = {
      {"prompt", entry(own.prompts, pair)},
      {"other_prompt", entry(other.prompts, pair)},
      {"completion", completion},
      {"reasoning", std::string(parts.reasoning)},
      {"answer", std::string(parts.answer)},
      {"side", std::string(side_name(side))},
      {"source", entry(cohort.sources, pair)},
  };
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t close = text[at] == '{' ? text.find('}', at) : at;
    const auto found = close != std::string::npos && close > at
                           ? values.find(text.substr(at + 1, close - at - 1))
                           : values.end();
    if (found == values.end()) {
      out += text[at++];
    } else {
      out += found->second;
      at = close + 1;
    }
  }
  return out;
}

std::string judge_request(const std::string& model, const std::string& prompt) {
  const Json message = {{"role", "user"}, {"content", prompt}};
  const Json request = {{"model", model},
                        {"messages", Json::array({message})},
                        {"temperature", 0},
                        {"max_tokens", kMaxAnswerTokens}};
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JudgeScore judge_score(const std::string& response, double low, double high) {
  JudgeScore score;
  try {
    const Json message = message_of(response);
    score.answered = true;
    score.value = number_in(content_of(message));
    score.valid = score.value >= low && score.value <= high;
    if (!score.valid) {
      score.reason = "the judge's score " + std::to_string(score.value) +
                     " is not in " + std::to_string(low) + " to " +
                     std::to_string(high);
    }
  } catch (const Error& error) {
    score.reason = shortened_utf8(error.what(), kShownError);
  }
  if (!score.valid) score.value = 0.0;
  return score;
}

}  // namespace ume
