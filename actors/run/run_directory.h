#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/files/directory_lock.h"

namespace ume {

// Paths inside one run's folder (docs/formats/run_directory.md).
struct RunDirectory {
  std::filesystem::path root;

  std::filesystem::path config() const { return root / "config.yaml"; }
  // What roles start from: `config` as it was accepted last.
  std::filesystem::path accepted_config() const {
    return root / "accepted_config.yaml";
  }
  std::filesystem::path ledger() const { return root / "ledger.sqlite"; }
  std::filesystem::path endpoints() const { return root / "endpoints.json"; }
  std::filesystem::path events() const { return root / "events.jsonl"; }
  std::filesystem::path metrics() const { return root / "metrics.jsonl"; }
  std::filesystem::path tensorboard() const { return root / "tensorboard"; }
  std::filesystem::path logs() const { return root / "logs"; }
  std::filesystem::path trajectories() const { return root / "trajectories"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path eval() const { return root / "eval"; }
  std::filesystem::path model() const { return root / "model"; }
  std::filesystem::path report() const { return root / "report"; }
  // Names this run in messages and shared memory; fixed when it was created.
  // Throws IoError when the file is missing.
  std::string run_id() const;
};

// Where a new run is to be made: nothing is there, an empty folder, or a run
// that ended before its first step, as when its start failed. Throws
// ConfigError for anything else, or when a process uses it. Makes and changes
// nothing.
RunDirectory new_run_directory(const std::filesystem::path& root);

struct NewRun {
  std::string name;  // begins the run id
  std::string resolved_config;
  uint64_t needed_bytes = 0;  // of free disk
};

// Makes the folder tree in place of what new_run_directory allows, with the
// configuration and a run id. Of several starts at once one gets it. Returns
// the folder's lock. Throws ConfigError when another process was quicker,
// IoError when it cannot be made or too little disk is free.
std::unique_ptr<DirectoryLock> begin_run(const RunDirectory& directory,
                                         const NewRun& run);

// Makes this text the run's configuration, for people and for roles.
void write_run_config(const RunDirectory& directory,
                      const std::string& resolved_config);

// Opens an existing one for `--resume`. Throws ConfigError when it is absent.
RunDirectory open_run_directory(const std::filesystem::path& root);

// Where the coordinator of a run can be reached (endpoints.json, mode 0600).
struct Endpoints {
  std::string run_id;
  std::string coordinator;  // ZeroMQ address, tcp://host:port
  std::string http;         // http://host:port
  int64_t pid = 0;
};

void write_endpoints(const RunDirectory& directory, const Endpoints& endpoints);
// Empty while the file does not exist. Throws InvalidInput if it is not ours.
std::optional<Endpoints> read_endpoints(const RunDirectory& directory);

}  // namespace ume
