#include "reward/explain/rule_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "reward/explain/disc_rule.h"
#include "reward/format_rule.h"

namespace ume {
namespace {

constexpr size_t kShownAnswer = 80;  // bytes
constexpr size_t kShownRanks = 16;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

const std::string& completion_of(const ExplainedPlace& place) {
  return place.view.side(place.side)
      .completions[static_cast<size_t>(place.row)];
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

std::string answer_rule(const std::string& completion) {
  const CompletionParts parts = split_completion(completion);
  if (parts.answer.empty()) return "there is no answer";
  return std::string(answer_in_reasoning(completion) ? "" : "not ") +
         "written out in the reasoning: '" +
         std::string(parts.answer.substr(0, kShownAnswer)) + "'";
}

std::string overlap_rule(const ExplainedPlace& place) {
  const std::string answer(split_completion(completion_of(place)).answer);
  if (answer.empty()) return "there is no answer";
  const Side other = place.side == Side::kQuery ? Side::kTarget : Side::kQuery;
  const int64_t group = place.view.cohort().group_size;
  const int64_t first = place.row / group * group;
  const auto& texts = place.view.side(other).completions;
  std::string said(split_completion(texts[static_cast<size_t>(first)]).answer);
  return "words of '" + answer.substr(0, kShownAnswer) + "' in common with " +
         std::to_string(group) +
         " answers of its pair's other side, the "
         "first: '" +
         said.substr(0, kShownAnswer) + "'";
}

std::string length_rule(const TermParameters& term,
                        const ExplainedPlace& place) {
  const auto& tokens = place.view.side(place.side).completion_tokens;
  const auto row = static_cast<size_t>(place.row);
  if (row >= tokens.size()) return "the number of tokens is not known";
  return std::to_string(tokens[row]) + " tokens; free up to " +
         std::to_string(term.max_tokens - term.buffer_tokens) + ", -1 beyond " +
         std::to_string(term.max_tokens);
}

std::string repetition_rule(const TermParameters& term, double value) {
  const std::string grams =
      "sequences of " + std::to_string(term.ngram) + " words";
  if (value == 0.0) return "none of its " + grams + " comes twice";
  char share[32];
  std::snprintf(share, sizeof share, "%.1f %%", -100.0 * value);
  return std::string(share) + " of its " + grams + " were there before";
}

// Why there is nothing to compare; empty: there is.
std::string nothing_to_compare(const ExplainedPlace& place) {
  const auto row = static_cast<size_t>(place.row);
  if (!place.view.takes_part(place.side, place.row)) {
    return place.view.side(place.side).has_embedding[row] != 0
               ? "no embedding of its own: the prompt's does not count here"
               : "no embedding";
  }
  if (place.set.own_begin == place.set.own_end) {
    return "no trajectory of its pair's other side has an embedding";
  }
  return place.set.comparable() ? "" : "no negative has an embedding";
}

struct Counts {
  int64_t own;
  int64_t all;
};

Counts counts_of(const ColumnSet& set) {
  return {static_cast<int64_t>(set.own_end - set.own_begin),
          static_cast<int64_t>(set.columns.size())};
}

std::string ranking_rule(const ExplainedPlace& place) {
  const Counts n = counts_of(place.set);
  const std::vector<int64_t> ranks = own_ranks(place);
  const auto hits = std::count_if(ranks.begin(), ranks.end(),
                                  [&](int64_t rank) { return rank <= n.own; });
  return std::to_string(hits) + " of " + std::to_string(n.own) +
         " own are among the " + std::to_string(n.own) + " most similar of " +
         std::to_string(n.all);
}

std::string margin_rule(const ExplainedPlace& place) {
  const RowComparison& c =
      place.view.comparisons(place.side)[static_cast<size_t>(place.row)];
  return "mean " + number(c.own_mean) + " to own, " +
         number(c.own_mean - c.margin) + " to others";
}

std::string hardest_rule(const ExplainedPlace& place) {
  int32_t hardest = -1;
  float most = 0.0f;
  for (size_t k = 0; k < place.set.columns.size(); ++k) {
    if (k >= place.set.own_begin && k < place.set.own_end) continue;
    const int32_t column = place.set.columns[k];
    const float value = place.view.similarity(place.side, place.row, column);
    if (hardest >= 0 && !(value > most)) continue;
    hardest = column;
    most = value;
  }
  return "closest other: " + place.names[static_cast<size_t>(hardest)] + ", " +
         number(most);
}

std::string own_mean_rule(const ExplainedPlace& place) {
  const RowComparison& c =
      place.view.comparisons(place.side)[static_cast<size_t>(place.row)];
  return "mean " + number(c.own_mean) + " to own";
}

std::string ndcg_rule(const ExplainedPlace& place) {
  const std::vector<int64_t> ranks = own_ranks(place);
  std::string list;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i == kShownRanks) {
      list += ", …";
      break;
    }
    list += (i == 0 ? "" : ", ") + std::to_string(ranks[i]);
  }
  return "own stand at rank " + list + " of " +
         std::to_string(counts_of(place.set).all) +
         "; their discounted gain over that of ranks 1 to " +
         std::to_string(ranks.size());
}

std::string threshold_rule(const TermParameters& term,
                           const ExplainedPlace& place) {
  int64_t reached = 0;
  for (size_t k = place.set.own_begin; k < place.set.own_end; ++k) {
    reached += place.view.similarity(place.side, place.row,
                                     place.set.columns[k]) >= term.threshold;
  }
  return std::to_string(reached) + " of " +
         std::to_string(counts_of(place.set).own) + " own reach " +
         number(term.threshold);
}

// Of the terms that compare pairs.
std::string comparison_rule(const TermParameters& term,
                            const ExplainedPlace& place) {
  const std::string nothing = nothing_to_compare(place);
  if (term.name == "disc_guided") {
    return place.view.takes_part(place.side, place.row)
               ? disc_rule(place.view, place.side, place.row)
               : nothing;
  }
  if (!nothing.empty()) return "nothing to compare: " + nothing;
  if (term.name == "retrieval_ndcg") return ndcg_rule(place);
  if (term.name == "threshold") return threshold_rule(term, place);
  if (term.name == "hardest_negative_margin") {
    return own_mean_rule(place) + "; " + hardest_rule(place);
  }
  const std::string closest = "; " + hardest_rule(place);
  if (term.name == "ranking") return ranking_rule(place) + closest;
  if (term.name == "margin") return margin_rule(place) + closest;
  return ranking_rule(place) + "; " + margin_rule(place) + closest;
}

// Of a term whose cell has this value, which may have been cut.
std::string value_rule(const TermParameters& term,
                       double value,
                       const ExplainedPlace& place) {
  const std::string& completion = completion_of(place);
  if (term.name == "format") return format_rule(completion, term.strict);
  if (term.name == "answer_in_reasoning") return answer_rule(completion);
  if (term.name == "answer_overlap") return overlap_rule(place);
  if (term.name == "length") return length_rule(term, place);
  if (term.name == "repetition") return repetition_rule(term, value);
  return comparison_rule(term, place);
}

std::string product_rule(const RewardTermConfig& term,
                         const ExplainedPlace& place) {
  std::string text;
  for (const FactorConfig& factor : term.factors) {
    // A factor's own value is not recorded.
    const std::string rule =
        factor.name == "repetition"
            ? "1 - the share of distinct sequences of words, below 0"
            : value_rule(factor, 0.0, place);
    text += (text.empty() ? "" : " × ") + factor.name + " (" + rule + ")";
  }
  return text;
}

std::string clip_note(const RewardTermConfig& term, double value) {
  if (term.clip.empty() || (value > term.clip[0] && value < term.clip[1])) {
    return "";
  }
  return "; cut to [" + number(term.clip[0]) + ", " + number(term.clip[1]) +
         "]";
}

}  // namespace

std::vector<int64_t> own_ranks(const ExplainedPlace& place) {
  const ColumnSet& set = place.set;
  const auto at = [&](size_t k) {
    return place.view.similarity(place.side, place.row, set.columns[k]);
  };
  std::vector<int64_t> ranks;
  for (size_t own = set.own_begin; own < set.own_end; ++own) {
    int64_t rank = 1;
    for (size_t k = 0; k < set.columns.size(); ++k) {
      rank += at(k) > at(own) || (at(k) == at(own) && k < own);
    }
    ranks.push_back(rank);
  }
  return ranks;
}

std::string rule_text(const RewardTermConfig& term,
                      const RewardCell& cell,
                      const ExplainedPlace& place) {
  if (cell.state != CellState::kValue) return cell.reason;
  const std::string cut = clip_note(term, cell.value);
  if (term.name == "plugin") return "said " + term.extension.path + cut;
  if (term.name == "external") return "said " + term.extension.endpoint + cut;
  if (term.name == "judge") {
    return "said " + term.extension.model + " at " + term.extension.url + cut;
  }
  if (term.name == "product") return product_rule(term, place) + cut;
  return value_rule(term, cell.value, place) + cut;
}

}  // namespace ume
