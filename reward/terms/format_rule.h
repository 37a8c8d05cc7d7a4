#pragma once

#include <string_view>

namespace ume {

// The published rule: <think>, </think>, <answer> and <gen_emb> occur in this
// order anywhere in the text, without overlap. Equal to a search for
// `<think>.*?</think>.*?\s*<answer>.*?\s*<gen_emb>` where the dot matches
// newlines, in time linear in the text's length for every text.
//
// text: a completion decoded without special tokens; any bytes.
// Source: UME-R1's format_reward_embed; shared cases in
// tests/fixtures/parity/reward.
bool has_answer_format(std::string_view text);

// The strict rule: the whole text is one <think>…</think><answer>…<gen_emb>,
// nothing before, between or after, and no tag (nor </answer>) inside the two
// bodies. Refuses repeated blocks, which the published rule rewards. Linear.
bool has_strict_answer_format(std::string_view text);

// What a completion says, without tags and outer white space.
struct CompletionParts {
  std::string_view reasoning;  // between the first <think> and its </think>
  std::string_view answer;     // after the first <answer>, up to the next tag
};

// Views into `text`; empty where the tags are missing. Linear.
CompletionParts split_completion(std::string_view text);

// Whether the reasoning writes the answer out before giving it: both are
// there, and the answer occurs in the reasoning. Linear in the text's length
// for answers of up to 256 bytes; a longer one counts as not written out.
bool answer_in_reasoning(std::string_view text);

}  // namespace ume
