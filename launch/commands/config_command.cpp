#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "actors/run/run_config.h"
#include "common/config/config.h"
#include "launch/command_line.h"

namespace ume {
namespace {

struct ConfigArguments {
  std::string path;
  std::vector<std::string> overrides;
  bool help_comments = false;
};

void add_file_arguments(CLI::App& command, ConfigArguments& arguments) {
  command.add_option("config", arguments.path, "configuration file (YAML)")
      ->required();
  command.add_option("overrides", arguments.overrides,
                     "settings that win over the file, key=value");
}

}  // namespace

void add_config_command(CLI::App& app) {
  CLI::App* config =
      app.add_subcommand("config", "read and check configurations");
  config->require_subcommand(1);
  auto arguments = std::make_shared<ConfigArguments>();

  CLI::App* show = config->add_subcommand(
      "show", "print the resolved configuration, defaults included");
  add_file_arguments(*show, *arguments);
  show->add_flag("--comments", arguments->help_comments,
                 "with each key's meaning");
  add_example(*show, "ume config show configs/emoji.yaml grpo.updates=10");
  show->callback([arguments] {
    const auto resolved =
        read_config<RunConfig>(arguments->path, arguments->overrides);
    std::fputs(dump_config(resolved, arguments->help_comments).c_str(), stdout);
  });

  CLI::App* check =
      config->add_subcommand("check", "say what is wrong with a file, or ok");
  add_file_arguments(*check, *arguments);
  add_example(*check, "ume config check configs/ume_r1_2b.yaml");
  check->callback([arguments] {
    read_config<RunConfig>(arguments->path, arguments->overrides);
    std::printf("%s: ok\n", arguments->path.c_str());
  });

  CLI::App* schema =
      config->add_subcommand("schema", "print the JSON Schema of the file");
  add_example(*schema, "ume config schema > ume.schema.json");
  schema->callback([] {
    RunConfig defaults;
    std::printf("%s\n",
                json_schema(config_fields(defaults), "UME run").c_str());
  });
}

}  // namespace ume
