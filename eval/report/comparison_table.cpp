#include <algorithm>

#include "eval/report/compare_runs.h"
#include "eval/report/internal/text_cells.h"

namespace ume {
namespace {

using text_cells::cell;
using text_cells::format;
using text_cells::printable;
using text_cells::signed_interval;
using text_cells::with_interval;

constexpr size_t kLabel = 20;
constexpr size_t kScore = 22;
constexpr size_t kChange = 25;

std::string effect_line(const GrpoEffect& effect) {
  std::string line = "  " + cell(printable(effect.label), kLabel) +
                     cell(with_interval(effect.before), kScore) +
                     cell(with_interval(effect.after), kScore) +
                     cell(signed_interval(effect.change), kChange);
  if (effect.careful_before && effect.careful_after) {
    line += format("%.0f > %.0f %%", 100 * effect.careful_before->mean,
                   100 * effect.careful_after->mean);
  }
  while (line.back() == ' ') line.pop_back();
  return line + "\n";
}

// A row of one number of each column: how the seeds lie apart.
std::string spread_line(const std::string& label,
                        const std::vector<GrpoEffect>& seeds,
                        double (*number)(const SeedSpread&)) {
  const auto of = [&](Estimate GrpoEffect::*which) {
    return format("%.3f", number(seed_spread(seeds, which)));
  };
  return "  " + cell(label, kLabel) + cell(of(&GrpoEffect::before), kScore) +
         cell(of(&GrpoEffect::after), kScore) + of(&GrpoEffect::change) + "\n";
}

std::string gap_line(const std::string& label, const Estimate& gap) {
  return "  " + cell(label, kLabel + 2 * kScore) + signed_interval(gap) + "\n";
}

std::string seed_lines(const ReportInput& report) {
  std::string text;
  for (const GrpoEffect& seed : report.seeds) text += effect_line(seed);
  if (report.seed_mean) text += effect_line(*report.seed_mean);
  if (report.seeds.size() < 2) return text;
  return text +
         spread_line("deviation (n - 1)", report.seeds,
                     [](const SeedSpread& s) { return s.deviation; }) +
         spread_line("spread (max - min)", report.seeds,
                     [](const SeedSpread& s) { return s.spread(); });
}

std::string verdict(const ReportInput& report) {
  if (report.seeds.size() < 2) return "";
  const SeedSpread change = seed_spread(report.seeds, &GrpoEffect::change);
  const double widest =
      std::max(seed_spread(report.seeds, &GrpoEffect::before).spread(),
               seed_spread(report.seeds, &GrpoEffect::after).spread());
  return format(
      "  The smallest change, %+.3f, is %s than the widest spread of the "
      "seeds, %.3f.\n",
      change.low, change.low > widest ? "larger" : "not larger", widest);
}

}  // namespace

std::string comparison_table(const ReportInput& report) {
  if (report.seeds.empty() && !report.control && !report.clean) return "";
  std::string text =
      "Seeds, control and upper reference: main metric of the generative "
      "embedding\n\n  " +
      cell("run", kLabel) + cell("SFT", kScore) + cell("GRPO", kScore) +
      cell("change, paired", kChange) + "careful\n" + seed_lines(report);
  if (report.control) {
    text += effect_line(*report.control);
    if (report.control_gap) {
      text += gap_line("  control - GRPO of this run", *report.control_gap);
    }
  }
  if (report.clean) {
    text += "  " + cell("SFT, careful traces", kLabel) +
            with_interval(*report.clean) + "\n";
    if (report.clean_gap) {
      text +=
          gap_line("  upper reference - GRPO of this run", *report.clean_gap);
    }
  }
  return text + verdict(report);
}

}  // namespace ume
