#include "reward/terms/term_catalogue.h"

#include <algorithm>

#include "common/config/checks.h"
#include "reward/internal/terms.h"

namespace ume {
namespace {

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

std::vector<std::string> owners_of(const std::string& parameter) {
  std::vector<std::string> owners;
  for (const TermKind& kind : term_kinds()) {
    if (std::count(kind.parameters.begin(), kind.parameters.end(), parameter)) {
      owners.push_back(kind.name);
    }
  }
  return owners;
}

void check_owned(const TermKind& kind,
                 const TermParameters& term,
                 const ConfigChecks& check) {
  for (const std::string& name : changed_parameters(term)) {
    const auto& own = kind.parameters;
    check.only_with(std::count(own.begin(), own.end(), name) > 0, name,
                    owners_of(name), kind.name);
  }
}

void check_values(const TermParameters& term, const ConfigChecks& check) {
  if (term.name == "threshold") {
    check.within("threshold", term.threshold, -1, 1);
  }
  if (term.name == "length") {
    check.that(term.max_tokens >= 1, "max_tokens", term.max_tokens,
               "1 or more, the length that is too long");
    check.that(term.buffer_tokens >= 0 && term.buffer_tokens <= term.max_tokens,
               "buffer_tokens", term.buffer_tokens, "0 to max_tokens");
  }
  if (term.name == "repetition") check.within("ngram", term.ngram, 1, 64);
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
  ConfigChecks(field).one_of("name", name, kind_names());
  return *std::find_if(term_kinds().begin(), term_kinds().end(),
                       [&](const TermKind& kind) { return kind.name == name; });
}

void check_term_parameters(const TermParameters& term,
                           const std::string& field) {
  const ConfigChecks check(field);
  check_owned(find_term_kind(term.name, field), term, check);
  check_values(term, check);
}

}  // namespace ume
