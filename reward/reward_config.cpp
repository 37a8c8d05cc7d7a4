#include "reward/reward_config.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "common/config/checks.h"
#include "reward/compose/composition.h"
#include "reward/compose/weight_schedule.h"
#include "reward/terms/term_catalogue.h"

namespace ume {
namespace {

constexpr char kProduct[] = "product";

std::string element(const char* list, size_t index) {
  return std::string("reward.") + list + "[" + std::to_string(index) + "]";
}

void check_factor(const FactorConfig& factor, const std::string& field) {
  check_term_parameters(factor, field);
  const ConfigChecks check(field);
  check.that(factor.name != kProduct, "name", factor.name,
             "a term that is no product (list its factors here)");
  check.that(!is_extension(factor.name), "name", factor.name,
             "a term that can be multiplied (list this one as a term)");
}

void check_factors(const RewardTermConfig& term, const ConfigChecks& check) {
  const bool product = term.name == kProduct;
  check.only_with(product || term.factors.empty(), "factors", {kProduct},
                  term.name);
  if (!product) return;
  check.that(term.factors.size() >= 2, "factors", std::ssize(term.factors),
             "two terms or more to multiply");
  check.that(!term.label.empty(), "label", term.label,
             "a name for the product's column");
  for (size_t i = 0; i < term.factors.size(); ++i) {
    check_factor(term.factors[i],
                 check.path("factors[" + std::to_string(i) + "]"));
  }
}

void check_term(const RewardTermConfig& term, const std::string& field) {
  const ConfigChecks check(field);
  check_term_parameters(term, field);
  check_factors(term, check);
  term.extension.validate(term.name, field);
  check.that(term.column().size() <= 64, "label", term.column(),
             "at most 64 bytes");
  check.that(term.column() != "total" && term.column() != kRawTotal, "label",
             term.column(), "another name than that of a sum");
  check.that(std::isfinite(term.weight), "weight", term.weight,
             "a finite number");
  check.that(term.clip.empty() ||
                 (term.clip.size() == 2 && term.clip[0] <= term.clip[1]),
             "clip", term.clip, "[lowest, highest]");
  check_schedule(term.schedule, check.path("schedule"));
}

void check_source(const SourceRewardConfig& source,
                  const std::vector<std::string>& columns,
                  const std::string& field) {
  const ConfigChecks check(field);
  check.that(!source.source.empty(), "source", source.source,
             "a source's name");
  for (const auto& [column, text] : source.weights) {
    const std::string name = "weights." + column;
    check.one_of(name, column, columns);
    check.that(parse_weight(text).has_value(), name, text, "a number");
  }
}

}  // namespace

std::vector<RewardTermConfig> RewardConfig::published_terms() {
  std::vector<RewardTermConfig> terms(2);
  terms[0].name = "format";
  terms[1].name = "ranking_margin";
  return terms;
}

void RewardConfig::validate() const {
  const ConfigChecks check("reward");
  check.that(!terms.empty() && terms.size() <= 64, "terms", std::ssize(terms),
             "1 to 64 terms");
  std::vector<std::string> columns;
  for (size_t i = 0; i < terms.size(); ++i) {
    const std::string field = element("terms", i);
    const std::string& column = terms[i].column();
    check_term(terms[i], field);
    ConfigChecks(field).that(
        !std::count(columns.begin(), columns.end(), column), "label", column,
        "a label that no term before it has");
    columns.push_back(column);
  }
  check.one_of("missing_embedding", missing_embedding,
               {"zero", "prompt", "drop", "resample"});
  check.within("max_redraws", max_redraws, 1, 64);
  check.only_with(missing_embedding == "resample" ||
                      max_redraws == RewardConfig().max_redraws,
                  "max_redraws", {"missing_embedding: resample"},
                  "missing_embedding: " + missing_embedding);
  check.one_of("normalise", normalise, {"none", "component"});
  check.one_of("control", control, {"none", "shuffle"});
  check.at_least("control_seed", control_seed, 0);
  std::set<std::string> seen;
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string field = element("sources", i);
    check_source(sources[i], columns, field);
    ConfigChecks(field).that(seen.insert(sources[i].source).second, "source",
                             sources[i].source,
                             "a source that is not listed before it");
  }
}

int32_t RewardConfig::redraw_limit() const {
  return missing_embedding == "resample" ? static_cast<int32_t>(max_redraws)
                                         : 0;
}

}  // namespace ume
