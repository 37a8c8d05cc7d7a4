#include "eval/report/html_report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "common/error/error.h"
#include "eval/report/compare_runs.h"
#include "eval/report/internal/html.h"
#include "eval/report/internal/line_chart.h"
#include "tests/eval/report/report_samples.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

BootstrapOptions quick() {
  BootstrapOptions options;
  options.resamples = 50;
  return options;
}

ReportInput sample_input() {
  ReportInput input;
  input.title = "A run";
  input.stages = {sample_summary("base", 1, 0), sample_summary("sft", 5, 9),
                  sample_summary("grpo", 5, 15)};
  for (int64_t step = 0; step < 20; ++step) {
    const auto x = static_cast<double>(step);
    input.metrics.push_back({"sft", step, {{"ce_query", 3.0 - 0.1 * x}}});
    input.metrics.push_back(
        {"grpo", step, {{"reward/query/total", 1.0 + 0.01 * x}, {"kl", 0.1}}});
  }
  ExampleTrajectory example;
  example.task = "flags";
  example.query = "currency of";
  example.expected = "Euro";
  example.picture = "\x89PNG\r\n\x1a\nfake";
  example.before = {"<think> currency </think><answer> Yen <gen_emb>", "Yen",
                    false, 0.5};
  example.after = {"<think> Austria Euro </think><answer> Euro <gen_emb>",
                   "Euro", true, 1.5};
  input.examples = {example};
  input.times = {{"sft", 100.0, 50000}};
  input.seeds = {
      grpo_effect("seed 1", input.stages[1], input.stages[2], quick())};
  input.control =
      grpo_effect("shuffled", input.stages[1], input.stages[1], quick());
  Estimate clean;
  clean.mean = 0.889;
  input.clean = clean;
  input.notes = {"One more thing."};
  return input;
}

std::string page(const ReportInput& input) {
  return html_report(input, quick());
}

// Every element opened is closed in order, and no '<' stands for itself.
// Returns what is wrong, or nothing.
std::string imbalance(const std::string& html) {
  const std::set<std::string> empty = {"meta", "img",    "br",
                                       "line", "circle", "!doctype"};
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos;
       at = html.find('<', at + 1)) {
    const bool closes = html[at + 1] == '/';
    const size_t name_at = at + 1 + closes;
    const size_t end = html.find_first_of(" >/", name_at);
    const std::string name = html.substr(name_at, end - name_at);
    const size_t close = html.find('>', at);
    if (name == "style" && !closes) {
      at = html.find("</style>", at);
      at += 7;
      continue;
    }
    if (closes) {
      if (open.empty() || open.back() != name) return "</" + name + ">";
      open.pop_back();
    } else if (!empty.count(name) && html[close - 1] != '/') {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "unclosed " + open.back();
}

}  // namespace

TEST_CASE("the report is one well-formed page with nothing from outside") {
  const std::string html = page(sample_input());
  CHECK(imbalance(html) == "");
  for (const char* outside : {"http:", "https:", "//", "<script", "<link",
                              "@import", "url(", "javascript:"}) {
    INFO(outside);
    CHECK(html.find(outside) == std::string::npos);
  }
  CHECK_THAT(html, Contains("src=\"data:image/png;base64,iVBORw0KGgpmYWtl\""));
  CHECK_THAT(html, Contains("default-src 'none'"));
  CHECK_THAT(html, Contains("prefers-color-scheme: dark"));
}

TEST_CASE("a picture is shown as what its bytes are") {
  ReportInput input = sample_input();
  input.examples[0].picture = "\xff\xd8\xff jpeg";
  CHECK_THAT(page(input), Contains("src=\"data:image/jpeg;base64,"));
  input.examples[0].picture = "RIFF....WEBPVP8 ";
  CHECK_THAT(page(input), Contains("src=\"data:image/webp;base64,"));
  input.examples[0].picture = "GIF89a";
  CHECK_THAT(page(input), Contains("(picture not shown)"));
}

TEST_CASE("the same input gives the same page") {
  CHECK(page(sample_input()) == page(sample_input()));
}

TEST_CASE("the first sentences say what the intervals allow") {
  ReportInput input = sample_input();
  CHECK_THAT(page(input), Contains("GRPO raised the hits with reasoning from "
                                   "45\u00a0% to 75\u00a0%."));
  std::swap(input.stages[1].tasks, input.stages[2].tasks);
  CHECK_THAT(page(input), Contains("GRPO lowered the hits"));
  input.stages[1].tasks = input.stages[2].tasks;
  CHECK_THAT(page(input), Contains("GRPO did not measurably change"));
}

TEST_CASE("the notes compare with the clean reference, whichever is higher") {
  ReportInput input = sample_input();
  CHECK_THAT(page(input), Contains("not that RL beats the best possible SFT"));
  input.clean->mean = 0.5;
  CHECK_THAT(page(input), Contains("no more than this run"));
  CHECK_THAT(page(input), Contains("<li>One more thing.</li>"));
}

TEST_CASE("sections without data are left out") {
  ReportInput input;
  input.stages = {sample_summary("base", 1, 2)};
  const std::string html = page(input);
  CHECK(imbalance(html) == "");
  for (const char* id : {"evidence", "examples", "training", "time"}) {
    CHECK(html.find("id=\"" + std::string(id) + "\"") == std::string::npos);
  }
  CHECK(html.find("GRPO") == std::string::npos);
  CHECK_THROWS_AS(page({}), InvalidInput);
}

TEST_CASE("hostile text is shown as text everywhere") {
  const std::string evil = "\"'><script>alert(1)</script><b x=\xff\x00\x1b";
  ReportInput input = sample_input();
  input.title = input.subtitle = evil;
  input.notes = {evil};
  input.times[0].phase = evil;
  input.seeds[0].label = input.control->label = evil;
  ExampleTrajectory& example = input.examples[0];
  example.task = example.query = example.expected = evil;
  example.before.completion = evil;
  example.before.top_candidate = evil;
  example.after.completion = "<think>" + evil + "</think><answer>" + evil;
  example.picture = evil;
  for (EvalSummary& stage : input.stages) {
    stage.split = evil;
    stage.tasks[0].title = evil;
    stage.tasks[0].name = evil;
    stage.tasks[0].main_metric = evil;
    stage.tasks[0].queries[0].cluster = evil;
  }
  input.stages[0].stage = evil;
  const std::string html = page(input);
  CHECK(imbalance(html) == "");
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("<b x") == std::string::npos);
  CHECK(html.find('\xff') == std::string::npos);
  CHECK(html.find('\x1b') == std::string::npos);
  CHECK_THAT(html, Contains("(picture not shown)"));
  CHECK_THAT(html, Contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST_CASE("a megabyte of output is cut, not printed") {
  ReportInput input = sample_input();
  for (int64_t i = 0; i < 20; ++i)
    input.examples[0].before.completion += "<think>";
  for (int i = 0; i < 16; ++i) {
    input.examples[0].before.completion += input.examples[0].before.completion;
  }
  REQUIRE(input.examples[0].before.completion.size() > (1 << 20));
  CHECK(page(input).size() < 120000);
}

TEST_CASE("numbers that are not finite leave gaps, not broken drawings") {
  ReportInput input = sample_input();
  input.metrics[0].values["ce_query"] = std::nan("");
  input.metrics[2].values["ce_query"] = HUGE_VAL;
  input.metrics[4].values["ce_query"] = 1e300;
  input.times[0].seconds = std::nan("");
  const std::string html = page(input);
  CHECK(html.find("nan") == std::string::npos);
  CHECK(html.find("inf\"") == std::string::npos);
  CHECK(html.find("=\"inf") == std::string::npos);
  CHECK(imbalance(html) == "");
}

TEST_CASE("replayed steps are drawn once, with their last values") {
  ReportInput input = sample_input();
  const std::string once = page(input);
  auto again = input.metrics;
  for (StepRecord& record : input.metrics) record.values["kl"] = 99.0;
  input.metrics.insert(input.metrics.end(), again.begin(), again.end());
  CHECK(page(input) == once);
}

TEST_CASE("text() escapes, replaces what cannot be shown, and cuts") {
  using html::text;
  CHECK(text("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(text("é→🇦🇹\n\t") == "é→🇦🇹\n\t");
  CHECK(text("a\xc3") == "a\xef\xbf\xbd");
  CHECK(text("\xc0\xaf\xed\xa0\x80") ==
        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(text("\xe2\x80\xae") == "\xef\xbf\xbd");  // right-to-left override
  CHECK(text(std::string("\0\x07\x7f", 3)) ==
        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(text("éééé", 2) == "éé…");
  CHECK(text("éé", 2) == "éé");
}

TEST_CASE("numbers are rounded, signed, grouped and given their units") {
  CHECK(html::number(-0.04, 1) == "0.0");
  CHECK(html::number(-1.25, 1) == "−1.2");
  CHECK(html::number(std::nan("")) == "–");
  CHECK(html::points(0.308) == "+30.8");
  CHECK(html::points(-0.035) == "−3.5");
  CHECK(html::count(1234567) == "1,234,567");
  CHECK(html::count(-999) == "-999");
  CHECK(html::duration(3.25) == "3.2 s");
  CHECK(html::duration(312) == "5 min 12 s");
  CHECK(html::duration(7380) == "2 h 03 min");
}

TEST_CASE("base64 pads what is not a multiple of three bytes") {
  CHECK(html::base64("") == "");
  CHECK(html::base64("a") == "YQ==");
  CHECK(html::base64("ab") == "YWI=");
  CHECK(html::base64("abc") == "YWJj");
  CHECK(html::base64("\xff\xfe\xfd\xfc") == "//79/A==");
}

TEST_CASE("a line chart needs two points and says where lines lead") {
  html::LineChart chart;
  chart.title = "Loss";
  chart.series = {{"a", {{1.0, 2.0}}, 1, {}}};
  CHECK(html::line_chart(chart) == "");
  chart.series[0].points = {{1.0, 2.0}, {2.0, 2.0}};
  CHECK_THAT(html::line_chart(chart), Contains("a from 2.000 to 2.000."));
  chart.series[0].points.clear();
  for (int i = 0; i < 100000; ++i) {
    chart.series[0].points.emplace_back(i, i % 7);
  }
  CHECK(html::line_chart(chart).size() < 20000);
}
