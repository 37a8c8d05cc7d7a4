#include "actors/run_directory.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace fs = std::filesystem;

std::string RunDirectory::step_name(uint64_t step) {
  char text[32];
  std::snprintf(text, sizeof(text), "step_%06llu",
                static_cast<unsigned long long>(step));
  return text;
}

std::string RunDirectory::run_id() const {
  std::string id = read_file((root / "run_id").string(), 256);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

RunDirectory create_run_directory(const fs::path& root,
                                  const std::string& name,
                                  const std::string& resolved_config,
                                  uint64_t needed_bytes) {
  const RunDirectory directory{fs::absolute(root).lexically_normal()};
  if (fs::exists(directory.root)) {
    throw ConfigError("the run directory " + directory.root.string() +
                      " exists: continue that run with --resume, or give "
                      "this one another name (run.directory=…)");
  }
  const fs::path parent = directory.root.parent_path();
  make_directories(parent.string());
  const uint64_t free_bytes = free_disk_bytes(parent.string());
  if (free_bytes < needed_bytes) {
    throw IoError(parent.string() + " has " + std::to_string(free_bytes >> 20) +
                  " MiB free; this run needs about " +
                  std::to_string(needed_bytes >> 20) + " MiB");
  }
  for (const fs::path& folder :
       {directory.root, directory.logs(), directory.trajectories(),
        directory.checkpoints(), directory.eval()}) {
    make_directories(folder.string());
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const std::string id =
      xxh3_hex(directory.root.string() + std::to_string(getpid()) + "/" +
               std::to_string(now));
  write_file_atomic((directory.root / "run_id").string(),
                    name + "-" + id.substr(0, 8) + "\n");
  write_run_config(directory, resolved_config);
  return directory;
}

void write_run_config(const RunDirectory& directory,
                      const std::string& resolved_config) {
  write_file_atomic(directory.config().string(), resolved_config);
  write_file_atomic(directory.accepted_config().string(), resolved_config);
}

RunDirectory open_run_directory(const fs::path& root) {
  const RunDirectory directory{fs::absolute(root).lexically_normal()};
  if (!fs::is_regular_file(directory.config())) {
    throw ConfigError("nothing to resume: " + directory.config().string() +
                      " does not exist");
  }
  return directory;
}

void write_endpoints(const RunDirectory& directory,
                     const Endpoints& endpoints) {
  const nlohmann::json json = {{"run_id", endpoints.run_id},
                               {"coordinator", endpoints.coordinator},
                               {"http", endpoints.http},
                               {"pid", endpoints.pid}};
  write_private_file_atomic(directory.endpoints().string(),
                            json.dump(2) + "\n");
}

std::optional<Endpoints> read_endpoints(const RunDirectory& directory) {
  const std::string path = directory.endpoints().string();
  if (!fs::exists(path)) return std::nullopt;
  const auto json =
      nlohmann::json::parse(read_file(path, 1 << 16), nullptr, false);
  Endpoints endpoints;
  try {
    endpoints.run_id = json.at("run_id").get<std::string>();
    endpoints.coordinator = json.at("coordinator").get<std::string>();
    endpoints.http = json.at("http").get<std::string>();
    endpoints.pid = json.at("pid").get<int64_t>();
  } catch (const nlohmann::json::exception& error) {
    throw InvalidInput(path + ": not an endpoints file: " + error.what());
  }
  return endpoints;
}

}  // namespace ume
