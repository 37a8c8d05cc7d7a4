#include "eval/report/html_report.h"

#include "eval/report/internal/findings.h"
#include "eval/report/internal/html.h"
#include "eval/report/internal/sections.h"

namespace ume {
namespace {

std::string subtitle(const ReportInput& input, const html::Findings& findings) {
  std::string out = html::text(input.subtitle, 400);
  const EvalSummary& last = input.stages.back();
  const auto add = [&](const std::string& part) {
    out += (out.empty() ? "" : " · ") + part;
  };
  if (!last.split.empty()) add("split: " + html::text(last.split, 60));
  add("seed " + std::to_string(last.seed));
  add(html::count(findings.last().pooled.num_queries) + " questions");
  return out;
}

}  // namespace

std::string html_report(const ReportInput& input,
                        const BootstrapOptions& options) {
  const html::Findings findings = html::find(input, options);
  const std::string title =
      html::text(input.title.empty() ? "UME report" : input.title, 200);
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
      "data:\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
      title + "</title>\n<style>\n" + std::string(html::style_sheet()) +
      "</style>\n</head>\n<body>\n<main>\n<header><h1>" + title +
      "</h1><p class=\"subtitle\">" + subtitle(input, findings) +
      "</p></header>\n";
  page += html::headline(input, findings);
  page += html::evidence(input, findings);
  page += html::reasoning(input, findings);
  page += html::examples(input);
  page += html::tasks(input, findings);
  page += html::training(input);
  page += html::times(input);
  page += html::notes(input, findings);
  return page + "</main>\n</body>\n</html>\n";
}

}  // namespace ume
