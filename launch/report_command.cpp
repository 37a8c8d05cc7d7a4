#include "launch/report_command.h"

#include <cstdio>
#include <memory>

#include "actors/run_directory.h"
#include "common/files/files.h"
#include "eval/report/html_report.h"
#include "eval/report/text_table.h"
#include "launch/command_line.h"

namespace ume {

void add_report_command(CLI::App& app) {
  auto run = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  CLI::App* report = app.add_subcommand(
      "report", "write a run's report again and print its table");
  report->add_option("run", *run, "run directory")->required();
  report->add_option("--output", *output,
                     "HTML file; default: RUN/report/index.html");
  add_example(*report, "ume report runs/emoji --output emoji.html");
  report->callback([run, output] {
    const RunDirectory directory = open_run_directory(*run);
    const ReportInput input = load_report_input(directory.root.string());
    const std::string path = output->empty()
                                 ? (directory.report() / "index.html").string()
                                 : *output;
    if (output->empty()) make_directories(directory.report().string());
    write_file_atomic(path, html_report(input));
    std::fputs(text_table(input.stages).c_str(), stdout);
    std::printf("\nreport: %s\n", path.c_str());
  });
}

}  // namespace ume
