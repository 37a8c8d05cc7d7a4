#pragma once

#include <string>

#include "common/files/file_descriptor.h"

namespace ume {

// Says that a run's weights in a folder of make_shm_weight_channel are in use:
// FOLDER/RUN_ID.lock, locked (shared) by flock(2). Every process that has such
// a channel holds one, and so does `ume train`. The kernel drops it when the
// process dies, however it dies. Not inherited by children that exec.
class WeightClaim {
 public:
  // Makes the folder where it is missing. Throws ConfigError for a run id that
  // is no file name, IoError when the lock file cannot be made.
  WeightClaim(const std::string& folder, const std::string& run_id);

 private:
  FileDescriptor file_;
};

// Removes what a run left in the folder, after its end.
void remove_shm_weights(const std::string& folder, const std::string& run_id);

// Removes what runs left of which no process is there any more: killed ones
// could not. Runs that never made a claim are left alone. To be called before
// a run starts.
void remove_unclaimed_shm_weights(const std::string& folder);

}  // namespace ume
