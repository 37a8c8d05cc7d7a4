#include "reward/explain/rule_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "reward/format_rule.h"

namespace ume {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

std::string format_rule(const std::string& text, bool strict) {
  constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>",
                                                     "<answer>", "<gen_emb>"};
  size_t at = 0;
  std::string found;
  for (const std::string_view tag : kTags) {
    const size_t next = text.find(tag, at);
    if (next == std::string::npos) {
      return "no " + std::string(tag) + (found.empty() ? "" : " after" + found);
    }
    found += " " + std::string(tag);
    at = next + tag.size();
  }
  if (strict && !has_strict_answer_format(text)) {
    return "the tags are there in order, but the text is not one "
           "<think>…</think><answer>…<gen_emb> alone (strict)";
  }
  return "the tags are there in order";
}

struct Comparison {
  int64_t num_own = 0;
  int64_t num_other = 0;
  double own_mean = 0.0;
  double other_mean = 0.0;
  int64_t hits = 0;        // own columns among the num_own most similar
  ptrdiff_t hardest = -1;  // most similar column of another pair
};

Comparison compare(const ExplainedRow& row,
                   const std::vector<ExplainedColumn>& columns) {
  Comparison out;
  for (size_t i = 0; i < columns.size(); ++i) {
    const double value = row.similarity[i];
    if (std::isnan(value)) continue;
    if (columns[i].own) {
      out.own_mean += value;
      ++out.num_own;
      continue;
    }
    out.other_mean += value;
    ++out.num_other;
    if (out.hardest < 0 || value > row.similarity[out.hardest]) {
      out.hardest = static_cast<ptrdiff_t>(i);
    }
  }
  if (out.num_own > 0) out.own_mean /= static_cast<double>(out.num_own);
  if (out.num_other > 0) out.other_mean /= static_cast<double>(out.num_other);
  for (const int64_t rank : row.own_ranks) {
    out.hits += rank > 0 && rank <= out.num_own;
  }
  return out;
}

std::string ranking_rule(const Comparison& c) {
  return std::to_string(c.hits) + " of " + std::to_string(c.num_own) +
         " own are among the " + std::to_string(c.num_own) +
         " most similar of " + std::to_string(c.num_own + c.num_other);
}

std::string margin_rule(const Comparison& c) {
  return "mean " + number(c.own_mean) + " to own, " + number(c.other_mean) +
         " to others";
}

std::string hardest_rule(const Comparison& c,
                         const ExplainedRow& row,
                         const std::vector<ExplainedColumn>& columns) {
  if (c.hardest < 0) return "";
  const auto at = static_cast<size_t>(c.hardest);
  return "; closest other: pair " + columns[at].pair + ", sample " +
         std::to_string(columns[at].sample) + ", " + number(row.similarity[at]);
}

std::string comparison_rule(const std::string& name,
                            const ExplainedRow& row,
                            const std::vector<ExplainedColumn>& columns) {
  const Comparison c = compare(row, columns);
  if (c.num_own == 0 || c.num_other == 0) {
    return "nothing to compare: no embedding here, or none on the other side";
  }
  std::string text;
  if (name == "ranking") {
    text = ranking_rule(c);
  } else if (name == "margin") {
    text = margin_rule(c);
  } else {
    text = ranking_rule(c) + "; " + margin_rule(c);
  }
  return text + hardest_rule(c, row, columns);
}

std::string answer_rule(const std::string& completion) {
  const CompletionParts parts = split_completion(completion);
  if (parts.answer.empty()) return "there is no answer";
  return std::string(answer_in_reasoning(completion) ? "" : "not ") +
         "written out in the reasoning: '" +
         std::string(parts.answer.substr(0, 80)) + "'";
}

}  // namespace

std::string rule_text(const RewardTermConfig& term,
                      const RewardCell& cell,
                      const ExplainedRow& row,
                      const std::vector<ExplainedColumn>& columns) {
  if (cell.state != CellState::kValue) return cell.reason;
  if (term.name == "format") return format_rule(row.completion, term.strict);
  if (term.name == "answer_in_reasoning") return answer_rule(row.completion);
  if (term.name == "plugin") return "said " + term.extension.path;
  if (term.name == "external") return "said " + term.extension.endpoint;
  if (term.name == "judge") {
    return "said " + term.extension.model + " at " + term.extension.url;
  }
  for (const char* text_term : {"answer_overlap", "length", "repetition"}) {
    if (term.name == text_term) return "of the completion alone";
  }
  return comparison_rule(term.name, row, columns);
}

}  // namespace ume
