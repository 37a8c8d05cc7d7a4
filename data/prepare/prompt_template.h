#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ume {

// What stands around a record's own text T in the user turn. Query and target
// use the same one. Source: UME-R1 (arXiv 2511.00405) and its programs.
enum class PromptTemplate : uint8_t {
  kEvaluation,   // strip(T), newline, <disc_emb>, newline, instruction
  kRlPublished,  // T, blank, newline, <disc_emb>, newline, instruction
  kDemo,         // T, newline, <disc_emb>, newline, instruction in three lines
  kMinimal,      // T, newline, <disc_emb>, newline: the discriminative demo
};

// Throws ConfigError, listing the known names (evaluation, rl_published, demo,
// minimal).
PromptTemplate parse_prompt_template(std::string_view name);

// The user turn's text after the visual part.
// text: UTF-8. kEvaluation takes out <|image_pad|> and <|video_pad|> and then
// strips Unicode white space at both ends; the others leave it as it is.
std::string user_text(PromptTemplate prompt_template, std::string_view text);

}  // namespace ume
