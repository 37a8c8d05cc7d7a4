#pragma once

#include <signal.h>

namespace ume {

// SIGINT, SIGTERM and SIGUSR1: by these a person or a batch system asks a whole
// run to stop, often by sending them to each of its processes at once. Only
// `ume train` may act on them, by a checkpoint; its children keep them blocked,
// or the checkpoint would lose those who have to write it.
sigset_t stop_signals();

// For this thread and those that it starts.
void block_stop_signals();

}  // namespace ume
