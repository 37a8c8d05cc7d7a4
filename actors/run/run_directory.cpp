#include "actors/run/run_directory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "actors/run/run_ledger.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace fs = std::filesystem;
namespace {

// What a start leaves in the folder before the first step.
constexpr std::array<std::string_view, 15> kOfAStart = {"run_id",
                                                        "config.yaml",
                                                        "accepted_config.yaml",
                                                        "ledger.sqlite",
                                                        "ledger.sqlite-wal",
                                                        "ledger.sqlite-journal",
                                                        "ledger.sqlite-shm",
                                                        "endpoints.json",
                                                        "events.jsonl",
                                                        "metrics.jsonl",
                                                        "logs",
                                                        "trajectories",
                                                        "checkpoints",
                                                        "eval",
                                                        "chaos"};

bool is_of_a_start(const std::string& name) {
  return std::any_of(kOfAStart.begin(), kOfAStart.end(), [&](const auto known) {
    return name == known || name.starts_with(std::string(known) + ".tmp-");
  });
}

// By its names: the folder is empty, or has a run that may have no step yet.
bool may_be_ours(const RunDirectory& directory) {
  bool named = false;
  bool empty = true;
  for (const auto& entry : fs::directory_iterator(directory.root)) {
    const std::string name = entry.path().filename().string();
    if (name == ".lock") continue;
    if (!is_of_a_start(name)) return false;
    empty = false;
    named |= name.starts_with("run_id");
  }
  return empty || named;
}

// Files that are more than orders and logs.
bool holds_results(const fs::path& folder) {
  if (!fs::is_directory(folder)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (entry.is_directory()) continue;
    if (path.filename() != "job.yaml" && path.extension() != ".log") {
      return true;
    }
  }
  return false;
}

bool holds_results(const RunDirectory& directory) {
  return holds_results(directory.checkpoints()) ||
         holds_results(directory.trajectories()) ||
         holds_results(directory.eval()) || has_begun(directory);
}

// Throws ConfigError unless `check` holds; what cannot be looked at does not.
void require_room(const RunDirectory& directory,
                  bool (*check)(const RunDirectory&)) {
  try {
    if (check(directory)) return;
  } catch (const Error&) {  // a ledger that cannot be read
  } catch (const fs::filesystem_error&) {
  }
  throw ConfigError("the run directory " + directory.root.string() +
                    " exists: continue that run with --resume, or give "
                    "this one another name (run.directory=…)");
}

bool has_no_results(const RunDirectory& directory) {
  return !holds_results(directory);
}

void require_disk(const fs::path& folder, uint64_t needed_bytes) {
  const uint64_t free_bytes = free_disk_bytes(folder.string());
  if (free_bytes >= needed_bytes) return;
  throw IoError(folder.string() + " has " + std::to_string(free_bytes >> 20) +
                " MiB free; this run needs about " +
                std::to_string(needed_bytes >> 20) + " MiB");
}

void remove_whole(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return;
  throw IoError(path.string() + ": cannot be removed: " + error.message());
}

// All but the lock, whose name the next holder needs. The run id, which says
// that the rest is ours, goes last.
void clear(const RunDirectory& directory) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(directory.root)) {
    const std::string name = entry.path().filename().string();
    if (name != ".lock" && name != "run_id") old.push_back(entry.path());
  }
  for (const fs::path& path : old) remove_whole(path);
  remove_whole(directory.root / "run_id");
}

std::string new_run_id(const RunDirectory& directory, const std::string& name) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const std::string id =
      xxh3_hex(directory.root.string() + std::to_string(getpid()) + "/" +
               std::to_string(now));
  return name + "-" + id.substr(0, 8);
}

}  // namespace

std::string RunDirectory::run_id() const {
  std::string id = read_file((root / "run_id").string(), 256);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

RunDirectory new_run_directory(const fs::path& root) {
  const RunDirectory directory{fs::absolute(root).lexically_normal()};
  if (!fs::exists(directory.root)) return directory;
  require_room(directory, may_be_ours);
  if (fs::exists(directory.root / ".lock")) {
    const DirectoryLock not_in_use(directory.root.string());
  }
  require_room(directory, has_no_results);
  return directory;
}

std::unique_ptr<DirectoryLock> begin_run(const RunDirectory& directory,
                                         const NewRun& run) {
  const fs::path parent = directory.root.parent_path();
  make_directories(parent.string());
  require_disk(parent, run.needed_bytes);
  make_directories(directory.root.string());
  auto lock = std::make_unique<DirectoryLock>(directory.root.string());
  // Another start may have come and gone.
  require_room(directory, may_be_ours);
  require_room(directory, has_no_results);
  clear(directory);
  write_file_atomic((directory.root / "run_id").string(),
                    new_run_id(directory, run.name) + "\n");
  for (const fs::path& folder : {directory.logs(), directory.trajectories(),
                                 directory.checkpoints(), directory.eval()}) {
    make_directories(folder.string());
  }
  write_run_config(directory, run.resolved_config);
  return lock;
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
