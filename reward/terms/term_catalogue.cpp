#include "reward/terms/term_catalogue.h"

#include <algorithm>
#include <cmath>

#include "common/config/nearest.h"
#include "common/error/error.h"
#include "reward/internal/terms.h"

namespace ume {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const TermKind& kind : term_kinds()) names.push_back(kind.name);
  return names;
}

// The parameters that are not at their default.
struct ChangedParameters {
  std::vector<std::string> names;

  void add(const char* name, bool changed) {
    if (changed) names.push_back(name);
  }
};

std::vector<std::string> changed_parameters(const TermParameters& term) {
  const TermParameters fresh;
  ChangedParameters changed;
  changed.add("strict", term.strict != fresh.strict);
  changed.add("threshold", term.threshold != fresh.threshold);
  changed.add("max_tokens", term.max_tokens != fresh.max_tokens);
  changed.add("buffer_tokens", term.buffer_tokens != fresh.buffer_tokens);
  changed.add("ngram", term.ngram != fresh.ngram);
  return changed.names;
}

std::string owners_of(const std::string& parameter) {
  std::vector<std::string> owners;
  for (const TermKind& kind : term_kinds()) {
    if (std::count(kind.parameters.begin(), kind.parameters.end(), parameter)) {
      owners.push_back(kind.name);
    }
  }
  return joined(owners);
}

void check_owned(const TermKind& kind,
                 const TermParameters& term,
                 const std::string& field) {
  for (const std::string& name : changed_parameters(term)) {
    if (std::count(kind.parameters.begin(), kind.parameters.end(), name)) {
      continue;
    }
    std::string text = field + "." + name + ": the term " + kind.name;
    text += kind.parameters.empty() ? " has no parameters"
                                    : " takes " + joined(kind.parameters);
    throw ConfigError(text + "; " + name + " belongs to " + owners_of(name));
  }
}

void check_values(const TermParameters& term, const std::string& field) {
  const auto check = [&](bool holds, const char* name, const char* expected) {
    if (!holds)
      throw ConfigError(field + "." + name + ": expected " + expected);
  };
  if (term.name == "threshold") {
    check(std::abs(term.threshold) <= 1.0, "threshold", "a number in [-1, 1]");
  }
  if (term.name == "length") {
    check(term.max_tokens >= 1, "max_tokens",
          "1 or more: the length that is too long");
    check(term.buffer_tokens >= 0 && term.buffer_tokens <= term.max_tokens,
          "buffer_tokens", "0 to max_tokens");
  }
  if (term.name == "repetition") {
    check(term.ngram >= 1 && term.ngram <= 64, "ngram", "1 to 64");
  }
}

}  // namespace

const std::vector<TermKind>& term_kinds() {
  // One row a term: sorted by name.
  static const std::vector<TermKind> kinds = {
      {"answer_in_reasoning", {}, make_answer_in_reasoning_term},
      {"answer_overlap", {}, make_answer_overlap_term},
      {"disc_guided", {}, make_disc_guided_term},
      {"external", {}, nullptr},
      {"format", {"strict"}, make_format_term},
      {"hardest_negative_margin", {}, make_hardest_negative_margin_term},
      {"judge", {}, nullptr},
      {"length", {"max_tokens", "buffer_tokens"}, make_length_term},
      {"margin", {}, make_margin_term},
      {"plugin", {}, nullptr},
      {"product", {}, nullptr},
      {"ranking", {}, make_ranking_term},
      {"ranking_margin", {}, make_ranking_margin_term},
      {"repetition", {"ngram"}, make_repetition_term},
      {"retrieval_ndcg", {}, make_retrieval_ndcg_term},
      {"threshold", {"threshold"}, make_threshold_term},
  };
  return kinds;
}

const TermKind& find_term_kind(const std::string& name,
                               const std::string& field) {
  for (const TermKind& kind : term_kinds()) {
    if (kind.name == name) return kind;
  }
  std::string text = field + ".name: ";
  text += name.empty() ? "a term without a name"
                       : "unknown term '" + name.substr(0, 64) + "'";
  const std::string nearest = nearest_word(name, kind_names());
  if (!nearest.empty()) text += "; did you mean '" + nearest + "'?";
  throw ConfigError(text + " Known: " + joined(kind_names()));
}

void check_term_parameters(const TermParameters& term,
                           const std::string& field) {
  const TermKind& kind = find_term_kind(term.name, field);
  check_owned(kind, term, field);
  check_values(term, field);
}

}  // namespace ume
