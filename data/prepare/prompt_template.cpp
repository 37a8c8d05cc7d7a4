#include "data/prepare/prompt_template.h"

#include <array>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr std::string_view kInstruction =
    "Represent the above input text, images, videos, or any combination of the "
    "three as embeddings. First output the thinking process in <think> "
    "</think> tags and then summarize the entire input in a word or sentence. "
    "Finally, use the <gen_emb> tag to represent the entire input.";

constexpr std::string_view kInstructionInLines =
    "Represent the above input text, images, videos, or any combination of the "
    "three as embeddings. \nFirst output the thinking process in <think> "
    "</think> tags and then summarize the entire input in a word or sentence. "
    "\nFinally, use the <gen_emb> tag to represent the entire input.";

constexpr std::string_view kDiscLine = "\n<disc_emb>\n";

// What Python's str.strip takes off, as UTF-8.
constexpr std::array<std::string_view, 29> kWhiteSpace = {" ",
                                                          "\t",
                                                          "\n",
                                                          "\v",
                                                          "\f",
                                                          "\r",
                                                          "\x1c",
                                                          "\x1d",
                                                          "\x1e",
                                                          "\x1f",
                                                          "\xc2\x85",
                                                          "\xc2\xa0",
                                                          "\xe1\x9a\x80",
                                                          "\xe2\x80\x80",
                                                          "\xe2\x80\x81",
                                                          "\xe2\x80\x82",
                                                          "\xe2\x80\x83",
                                                          "\xe2\x80\x84",
                                                          "\xe2\x80\x85",
                                                          "\xe2\x80\x86",
                                                          "\xe2\x80\x87",
                                                          "\xe2\x80\x88",
                                                          "\xe2\x80\x89",
                                                          "\xe2\x80\x8a",
                                                          "\xe2\x80\xa8",
                                                          "\xe2\x80\xa9",
                                                          "\xe2\x80\xaf",
                                                          "\xe2\x81\x9f",
                                                          "\xe3\x80\x80"};

std::string_view strip(std::string_view text) {
  bool found = true;
  while (found) {
    found = false;
    for (const auto space : kWhiteSpace) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        found = true;
      }
      if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        found = true;
      }
    }
  }
  return text;
}

std::string without(std::string_view text, std::string_view marker) {
  std::string out;
  for (size_t at = text.find(marker); at != text.npos; at = text.find(marker)) {
    out += text.substr(0, at);
    text.remove_prefix(at + marker.size());
  }
  return out.append(text);
}

}  // namespace

PromptTemplate parse_prompt_template(std::string_view name) {
  if (name == "evaluation") return PromptTemplate::kEvaluation;
  if (name == "rl_published") return PromptTemplate::kRlPublished;
  if (name == "demo") return PromptTemplate::kDemo;
  if (name == "minimal") return PromptTemplate::kMinimal;
  throw ConfigError(
      "template: expected evaluation, rl_published, demo or minimal, found '" +
      std::string(name) + "'");
}

std::string user_text(PromptTemplate prompt_template, std::string_view text) {
  std::string out;
  switch (prompt_template) {
    case PromptTemplate::kEvaluation:
      out = strip(without(without(text, "<|image_pad|>"), "<|video_pad|>"));
      return out.append(kDiscLine).append(kInstruction);
    case PromptTemplate::kRlPublished:
      return out.append(text).append(" ").append(kDiscLine).append(
          kInstruction);
    case PromptTemplate::kDemo:
      return out.append(text).append(kDiscLine).append(kInstructionInLines);
    case PromptTemplate::kMinimal:
      return out.append(text).append(kDiscLine);
  }
  return out;
}

}  // namespace ume
