#pragma once

#include "launch/doctor/finding.h"

namespace ume {

// Cores and memory, of the machine and of this process's control group.
Finding check_cores();
Finding check_memory();
// Free space where runs would be written: the current folder.
Finding check_disk();
// Shared memory (/dev/shm), through which weights reach the samplers.
Finding check_shared_memory();
// Whether a port of this host can be bound and connected to.
Finding check_ports();
Finding check_gpu();

}  // namespace ume
