#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>
#include <string>

#include "launch/command_line.h"
#include "launch/doctor/finding.h"
#include "launch/doctor/host_checks.h"
#include "launch/doctor/program_checks.h"

namespace ume {

void add_doctor_command(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "doctor", "say what this host has and what is missing for a run");
  command->add_flag("--json", *json, "one JSON object");
  add_example(*command, "ume doctor");
  command->callback([json, version = app.version()] {
    const std::string programs = program_folder();
    const Findings findings = {
        check_cores(),          check_memory(),        check_disk(),
        check_shared_memory(),  check_ports(),         check_mpi(),
        check_engine(programs), check_media(programs), check_gpu()};
    const std::string text = *json ? findings_json(findings, version)
                                   : findings_text(findings, version);
    std::fputs(text.c_str(), stdout);
    const int code = findings_exit_code(findings);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace ume
