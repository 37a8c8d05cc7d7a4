#pragma once

#include <cstdint>
#include <string>

#include "common/types/cohort.h"
#include "common/types/side.h"

namespace ume {

// The text that a judge is asked about one row: the template with {prompt},
// {other_prompt} (the other side's), {completion}, {reasoning}, {answer},
// {side} and {source} filled in, each once over: what a completion says is
// never a placeholder. Other braces stay as they are.
std::string judge_prompt(const std::string& text,
                         const Cohort& cohort,
                         Side side,
                         int64_t row);

// The chat request for it, as OpenAI's API has it, with temperature 0.
std::string judge_request(const std::string& model, const std::string& prompt);

struct JudgeScore {
  bool valid = false;
  bool answered = false;  // the judge wrote something, be it no score
  double value = 0.0;
  std::string reason;  // why not, with the beginning of what was found
};

// The score in a chat response: its first choice's message, without white space
// around it, is a number or an object {"score": number, …}, within [low, high].
// Nothing else is taken for one. Never throws.
JudgeScore judge_score(const std::string& response, double low, double high);

}  // namespace ume
