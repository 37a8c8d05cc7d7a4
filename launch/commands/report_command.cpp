#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>

#include "actors/role_client.h"
#include "actors/run/run_directory.h"
#include "common/files/files.h"
#include "eval/report/compare_runs.h"
#include "eval/report/html_report.h"
#include "eval/report/text_table.h"
#include "launch/command_line.h"
#include "launch/results/run_comparison.h"

namespace ume {
namespace {

struct ReportArguments {
  std::string run;
  std::string output;
  ComparedFolders others;
};

void make_report(const ReportArguments& a) {
  const RunDirectory directory = open_run_directory(a.run);
  const RunConfig config = load_run_config(directory);
  const BootstrapOptions bootstrap = config.eval.bootstrap();
  ReportInput input = load_report_input(directory.root.string());
  if (!a.others.empty()) {
    add_comparison(read_comparison(config, directory, a.others), bootstrap,
                   input);
    if (!config.eval.reference.empty()) {
      add_recorded_reference(config.eval.reference, input);
    }
    write_file_atomic((directory.eval() / "context.json").string(),
                      context_json(input));
  }
  const std::string path = a.output.empty()
                               ? (directory.report() / "index.html").string()
                               : a.output;
  if (a.output.empty()) make_directories(directory.report().string());
  write_file_atomic(path, html_report(input, bootstrap));
  std::fputs(text_table(input.stages, bootstrap).c_str(), stdout);
  std::printf("\n%s%s\nreport: %s\n", comparison_table(input).c_str(),
              note_lines(input).c_str(), path.c_str());
}

}  // namespace

void add_report_command(CLI::App& app) {
  auto a = std::make_shared<ReportArguments>();
  CLI::App* report = app.add_subcommand(
      "report", "write a run's report again and print its table");
  report->add_option("run", a->run, "run directory")->required();
  report->add_option("--output", a->output,
                     "HTML file; default: RUN/report/index.html");
  report->add_option("--seeds", a->others.seeds,
                     "runs of the same configuration with another run.seed");
  report->add_option("--control", a->others.control,
                     "a run with reward.control=shuffle");
  report->add_option("--reference", a->others.reference,
                     "a run of SFT on other traces: the upper reference");
  add_example(*report,
              "ume report runs/emoji --seeds runs/seed2 runs/seed3 "
              "--control runs/control --reference runs/clean");
  report->callback([a] { make_report(*a); });
}

}  // namespace ume
