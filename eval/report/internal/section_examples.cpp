#include "eval/report/internal/html.h"
#include "eval/report/internal/sections.h"
#include "reward/format_rule.h"

namespace ume::html {
namespace {

constexpr size_t kMaxExamples = 24;
constexpr size_t kMaxShown = 360;  // characters of an output
constexpr size_t kMaxPictureBytes = size_t{256} << 10;
// By the first bytes; empty for what a browser would not show.
std::string media_type(std::string_view picture) {
  if (picture.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (picture.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (picture.starts_with("RIFF") && picture.substr(0, 12).ends_with("WEBP")) {
    return "image/webp";
  }
  return "";
}

std::string picture(const ExampleTrajectory& example) {
  if (example.picture.empty()) return "";
  const std::string type = media_type(example.picture);
  if (example.picture.size() > kMaxPictureBytes || type.empty()) {
    return "<p class=\"small\">(picture not shown)</p>";
  }
  return "<img alt=\"the query's picture\" src=\"data:" + type + ";base64," +
         base64(example.picture) + "\">";
}

std::string answer(const std::string& heading, const ExampleAnswer& answer) {
  const CompletionParts parts = split_completion(answer.completion);
  std::string said;
  if (parts.reasoning.empty() && parts.answer.empty()) {
    said = "<p class=\"said\"><span class=\"role\">output</span><span>" +
           text(answer.completion, kMaxShown) + "</span></p>";
  } else {
    said = "<p class=\"said\"><span class=\"role\">reasoning</span><span>" +
           text(parts.reasoning, kMaxShown) +
           "</span></p><p class=\"said\"><span class=\"role\">answer</span>"
           "<span>" +
           text(parts.answer, 200) + "</span></p>";
  }
  std::string out =
      "<div class=\"answer " + std::string(answer.correct ? "right" : "wrong") +
      "\"><h4>" + heading + "</h4>" + said +
      "<p class=\"verdict\"><span aria-hidden=\"true\">" +
      (answer.correct ? "✓" : "✗") + "</span><span class=\"sr\">" +
      (answer.correct ? "right" : "wrong") +
      ": </span> <span class=\"role\">finds</span> " +
      text(answer.top_candidate, 200);
  if (answer.reward) {
    out += " <span class=\"reward\">reward " + number(*answer.reward, 2) +
           "</span>";
  }
  return out + "</p></div>";
}

std::string card(const ExampleTrajectory& example) {
  return "<article class=\"example\"><div class=\"query\">" + picture(example) +
         "<div><p class=\"role\">" + text(example.task, 120) +
         "</p><p class=\"question\">" + text(example.query, 400) +
         "</p><p class=\"small\">expected: " + text(example.expected, 200) +
         "</p></div></div>" + "<div class=\"answers\">" +
         answer("before GRPO", example.before) +
         answer("after GRPO", example.after) + "</div></article>\n";
}

}  // namespace

std::string examples(const ReportInput& input) {
  std::string body;
  for (size_t i = 0; i < input.examples.size() && i < kMaxExamples; ++i) {
    body += card(input.examples[i]);
  }
  if (body.empty()) return "";
  return section("examples", "Reasoning before and after GRPO",
                 "<div class=\"examples\">" + body + "</div>\n");
}

}  // namespace ume::html
