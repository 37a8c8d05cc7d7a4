#include "reward/reward_config.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "common/config/nearest.h"
#include "common/error/error.h"
#include "reward/compose/composition.h"
#include "reward/compose/weight_schedule.h"
#include "reward/terms/term_catalogue.h"

namespace ume {
namespace {

constexpr char kProduct[] = "product";

void check(bool holds, const std::string& field, const std::string& what) {
  if (!holds) throw ConfigError(field + ": " + what);
}

std::string element(const char* list, size_t index) {
  return std::string("reward.") + list + "[" + std::to_string(index) + "]";
}

void check_factors(const RewardTermConfig& term, const std::string& field) {
  if (term.name != kProduct) {
    check(term.factors.empty(), field + ".factors",
          "belongs to the term product, found in " + term.name);
    return;
  }
  check(term.factors.size() >= 2, field + ".factors",
        "expected two terms or more to multiply");
  check(!term.label.empty(), field + ".label",
        "a product needs a name for its column");
  for (size_t i = 0; i < term.factors.size(); ++i) {
    const std::string factor = field + ".factors[" + std::to_string(i) + "]";
    check_term_parameters(term.factors[i], factor);
    check(term.factors[i].name != kProduct, factor + ".name",
          "a product of products; list their factors here");
    check(!is_extension(term.factors[i].name), factor + ".name",
          term.factors[i].name + " cannot be multiplied; list it as a term");
  }
}

void check_term(const RewardTermConfig& term, const std::string& field) {
  check_term_parameters(term, field);
  check_factors(term, field);
  term.extension.validate(term.name, field);
  check(term.column().size() <= 64, field + ".label",
        "expected at most 64 bytes");
  check(term.column() != "total" && term.column() != kRawTotal,
        field + ".label", "'" + term.column() + "' is the name of a sum");
  check(std::isfinite(term.weight), field + ".weight",
        "expected a finite number");
  check(term.clip.empty() ||
            (term.clip.size() == 2 && term.clip[0] <= term.clip[1]),
        field + ".clip", "expected [lowest, highest]");
  check_schedule(term.schedule, field + ".schedule");
}

void check_source(const SourceRewardConfig& source,
                  const std::vector<std::string>& columns,
                  const std::string& field) {
  check(!source.source.empty(), field + ".source", "expected a source's name");
  for (const auto& [column, text] : source.weights) {
    if (!std::count(columns.begin(), columns.end(), column)) {
      const std::string nearest = nearest_word(column, columns);
      check(false, field + ".weights." + column,
            "no such term in reward.terms" +
                (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }
    check(parse_weight(text).has_value(), field + ".weights." + column,
          "expected a number, found '" + text.substr(0, 64) + "'");
  }
}

void check_choice(const std::string& value,
                  const std::vector<std::string>& known,
                  const std::string& field) {
  if (std::count(known.begin(), known.end(), value)) return;
  std::string text = "found '" + value.substr(0, 64) + "', expected";
  for (size_t i = 0; i < known.size(); ++i) {
    text += (i == 0 ? " " : i + 1 < known.size() ? ", " : " or ") + known[i];
  }
  throw ConfigError(field + ": " + text);
}

}  // namespace

std::vector<RewardTermConfig> RewardConfig::published_terms() {
  std::vector<RewardTermConfig> terms(2);
  terms[0].name = "format";
  terms[1].name = "ranking_margin";
  return terms;
}

void RewardConfig::validate() const {
  check(!terms.empty(), "reward.terms", "expected at least one term");
  check(terms.size() <= 64, "reward.terms", "expected at most 64 terms");
  std::vector<std::string> columns;
  for (size_t i = 0; i < terms.size(); ++i) {
    const std::string field = element("terms", i);
    check_term(terms[i], field);
    check(!std::count(columns.begin(), columns.end(), terms[i].column()),
          field + ".label",
          terms[i].column() + " is listed twice; give one a label");
    columns.push_back(terms[i].column());
  }
  check_choice(missing_embedding, {"zero", "prompt", "drop", "resample"},
               "reward.missing_embedding");
  check(max_redraws >= 1 && max_redraws <= 64, "reward.max_redraws",
        "expected 1 to 64, found " + std::to_string(max_redraws));
  check(missing_embedding == "resample" ||
            max_redraws == RewardConfig().max_redraws,
        "reward.max_redraws", "belongs to missing_embedding: resample");
  check_choice(normalise, {"none", "component"}, "reward.normalise");
  check_choice(control, {"none", "shuffle"}, "reward.control");
  check(control_seed >= 0, "reward.control_seed", "expected 0 or more");
  std::set<std::string> seen;
  for (size_t i = 0; i < sources.size(); ++i) {
    check_source(sources[i], columns, element("sources", i));
    check(seen.insert(sources[i].source).second,
          element("sources", i) + ".source",
          sources[i].source + " is listed twice");
  }
}

int32_t RewardConfig::redraw_limit() const {
  return missing_embedding == "resample" ? static_cast<int32_t>(max_redraws)
                                         : 0;
}

}  // namespace ume
